// A module of NSS for the tests (nsswitch.conf: "tries"), which has one user and one group, and does with some other names
// what directories do at their worst.

#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char nothing[] = "", user[] = "tries-user", group_name[] = "tries group", folder[] = "/";
static char *nobody[] = {NULL};

enum nss_status _nss_tries_getpwnam_r(const char *name, struct passwd *entry, char *memory, size_t size, int *error) {
    (void)memory, (void)size;
    if (strcmp(name, user) != 0) {
        *error = ENOENT;
        return NSS_STATUS_NOTFOUND;
    }
    *entry = (struct passwd){user, nothing, 4000000, 4000000, nothing, folder, nothing};
    return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_tries_getgrnam_r(const char *name, struct group *entry, char *memory, size_t size, int *error) {
    (void)memory, (void)size;
    if (strcmp(name, "tries-hangs") == 0) {
        // As a module that minds no signal, and takes the alarm for its own.
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        for (;;) pause();
    }
    if (strcmp(name, "tries-crashes") == 0) abort();
    if (strcmp(name, "tries-fails") == 0) {
        *error = ETIMEDOUT;
        return NSS_STATUS_UNAVAIL;
    }
    if (strcmp(name, "tries-large") == 0 && size < 1 << 20) {
        *error = ERANGE;
        return NSS_STATUS_TRYAGAIN;
    }
    if (strcmp(name, group_name) != 0 && strcmp(name, "tries-large") != 0) {
        *error = ENOENT;
        return NSS_STATUS_NOTFOUND;
    }
    *entry = (struct group){group_name, nothing, 4000001, nobody};
    return NSS_STATUS_SUCCESS;
}

// The groups of the user besides the first: 300 of them, more than room is made for at first; the last is `tries group`.
enum nss_status _nss_tries_initgroups_dyn(
    const char *name, gid_t first, long *count, long *room, gid_t **groups, long limit, int *error) {
    (void)first, (void)limit;
    if (strcmp(name, user) != 0) {
        *error = ENOENT;
        return NSS_STATUS_NOTFOUND;
    }
    for (gid_t number = 4000300; number > 4000000; number--) {
        if (*count == *room) {
            gid_t *larger = realloc(*groups, sizeof(gid_t) * (size_t)*room * 2);
            if (larger == NULL) {
                *error = ENOMEM;
                return NSS_STATUS_TRYAGAIN;
            }
            *groups = larger;
            *room *= 2;
        }
        (*groups)[(*count)++] = number;
    }
    return NSS_STATUS_SUCCESS;
}
