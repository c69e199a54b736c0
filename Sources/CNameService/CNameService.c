// C because Swift has no fork, and because nothing of Swift's is needed in the process that is made here.

#define _GNU_SOURCE
#include "CNameService.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_NAME = 256, LARGEST_ENTRY = 16 << 20, MOST_GROUPS = 1 << 16 };

// An entry of passwd or group, of any size: a group of a directory may have a hundred thousand members. `found` is NULL
// where there is none by this name.
#define LOOK_UP(function, type, found)                                                       \
    static int found(const char *wanted, type *entry, char **memory, type **result) {        \
        for (size_t size = 4096; size <= LARGEST_ENTRY; size *= 4) {                         \
            char *larger = realloc(*memory, size);                                           \
            if (larger == NULL) return ENOMEM;                                               \
            *memory = larger;                                                                \
            int error = function(wanted, entry, *memory, size, result);                      \
            if (error == EINTR) size /= 4;                                                   \
            else if (error != ERANGE) return error;                                          \
        }                                                                                    \
        return ERANGE;                                                                       \
    }
LOOK_UP(getpwnam_r, struct passwd, find_login)
LOOK_UP(getgrnam_r, struct group, find_group)
#undef LOOK_UP

// getpwnam(3) and getgrnam(3): these errors, too, say that there is no such name.
static int is_failure(int error) { return error != 0 && error != ENOENT && error != ESRCH; }

// The login's groups, looked up once.
static struct {
    enum { UNKNOWN, KNOWN, MISSING } state;
    gid_t *groups;
    int count;
} of_login;

static int look_up_login(const char *login) {
    struct passwd entry, *found = NULL;
    char *memory = NULL;
    int error = find_login(login, &entry, &memory, &found);
    if (found == NULL) {
        of_login.state = MISSING;
        return is_failure(error) ? -1 : 0;
    }
    for (int room = 64; room <= MOST_GROUPS; room *= 4) {
        gid_t *larger = realloc(of_login.groups, sizeof(gid_t) * (size_t)room);
        if (larger == NULL) return -1;
        of_login.groups = larger;
        of_login.count = room;
        if (getgrouplist(login, entry.pw_gid, of_login.groups, &of_login.count) >= 0) {
            of_login.state = KNOWN;
            return 0;
        }
    }
    return -1;
}

static char answer(const char *login, const char *name) {
    if (of_login.state == UNKNOWN && look_up_login(login) < 0) return CNAMESERVICE_NO_ANSWER;
    if (of_login.state == MISSING) return CNAMESERVICE_NO_LOGIN;
    static char *memory;
    struct group entry, *group = NULL;
    int error = find_group(name, &entry, &memory, &group);
    if (group == NULL) return is_failure(error) ? CNAMESERVICE_NO_ANSWER : CNAMESERVICE_NO_GROUP;
    for (int i = 0; i < of_login.count; i++) {
        if (of_login.groups[i] == group->gr_gid) return CNAMESERVICE_MEMBER;
    }
    return CNAMESERVICE_NO_MEMBER;
}

// Nothing that sshd waits for stays open here, nor the log; and no file of memory shows the token, which argv has.
static int seclude(int connection) {
    enum { CONNECTION = 3 };
    int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0) return -1;
    for (int stream = 0; stream < CONNECTION; stream++) {
        if (dup2(nothing, stream) < 0) return -1;
    }
    if (connection != CONNECTION && dup2(connection, CONNECTION) < 0) return -1;
    if (close_range(CONNECTION + 1, ~0U, 0) != 0) {
        for (int other = CONNECTION + 1; other < 1024; other++) close(other);
    }
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
    return CONNECTION;
}

// SIGKILL, which no module of NSS can catch, block or take for its own.
static int end_after(int seconds) {
    struct sigevent kill = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &kill, &timer) != 0) return -1;
    const struct itimerspec once = {.it_value.tv_sec = seconds};
    return timer_settime(timer, 0, &once, NULL);
}

static void serve(const char *login, int seconds, int connection, pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, (long)SIGKILL, 0L, 0L, 0L) != 0 || getppid() != parent) return;
    if (end_after(seconds) != 0) return;
    connection = seclude(connection);
    if (connection < 0) return;
    for (;;) {
        char name[LONGEST_NAME + 1];
        ssize_t length = read(connection, name, LONGEST_NAME);
        if (length <= 0) return;
        name[length] = 0;
        const char found = answer(login, name);
        if (write(connection, &found, 1) != 1) return;
    }
}

int cnameservice_start(const char *login, int seconds, int *connection, pid_t *process) {
    int ends[2];
    // Each question and each answer is a message.
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    // For a process that not even SIGKILL ends, such as one that waits for a file server.
    const struct timeval wait = {.tv_sec = seconds};
    pid_t parent = getpid();
    *process = setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 ? fork() : -1;
    if (*process < 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        return error;
    }
    if (*process == 0) {
        serve(login, seconds, ends[1], parent);
        _exit(0);
    }
    close(ends[1]);
    *connection = ends[0];
    return 0;
}

enum cnameservice_answer cnameservice_ask(int connection, const void *group, size_t length) {
    if (length == 0 || length > LONGEST_NAME || memchr(group, 0, length) != NULL) return CNAMESERVICE_NO_GROUP;
    if (write(connection, group, length) != (ssize_t)length) return CNAMESERVICE_NO_ANSWER;
    char found;
    ssize_t count;
    do count = read(connection, &found, 1);
    while (count < 0 && errno == EINTR);
    if (count != 1) return CNAMESERVICE_NO_ANSWER;
    switch (found) {
        case CNAMESERVICE_MEMBER: return CNAMESERVICE_MEMBER;
        case CNAMESERVICE_NO_MEMBER: return CNAMESERVICE_NO_MEMBER;
        case CNAMESERVICE_NO_GROUP: return CNAMESERVICE_NO_GROUP;
        case CNAMESERVICE_NO_LOGIN: return CNAMESERVICE_NO_LOGIN;
        default: return CNAMESERVICE_NO_ANSWER;
    }
}

void cnameservice_stop(int connection, pid_t process) {
    close(connection);
    kill(process, SIGKILL);
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {}
}
