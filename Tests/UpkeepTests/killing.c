// Ends the process, as nothing can be caught, before its KILL_AT-th call that changes a file, whatever thread makes it; a
// write has by then put half of its bytes there. With KILL_ONCE only calls count that are made while that file is there.
// For LD_PRELOAD.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_the_step(void) {
    static atomic_int count;
    const char *at = getenv("KILL_AT"), *once = getenv("KILL_ONCE");
    if (once && access(once, F_OK) != 0) return 0;
    return at && atomic_fetch_add(&count, 1) + 1 == atoi(at);
}

static void end(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int file) {
    if (is_the_step()) end();
    return NEXT(fsync)(file);
}

int fchmod(int file, mode_t mode) {
    if (is_the_step()) end();
    return NEXT(fchmod)(file, mode);
}

int renameat(int from, const char *old, int to, const char *new) {
    if (is_the_step()) end();
    return NEXT(renameat)(from, old, to, new);
}

int unlinkat(int folder, const char *path, int flags) {
    if (is_the_step()) end();
    return NEXT(unlinkat)(folder, path, flags);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    if (is_the_step()) end();
    return NEXT(mkdirat)(folder, path, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    if (flags & O_CREAT && is_the_step()) end();
    return NEXT(openat)(folder, path, flags, mode);
}

ssize_t write(int file, const void *bytes, size_t count) {
    struct stat status;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && is_the_step()) {
        NEXT(write)(file, bytes, count / 2);
        end();
    }
    return NEXT(write)(file, bytes, count);
}
