#ifndef GLIBC_H
#define GLIBC_H

// The module Glibc, which Swift brings for itself and not for Embedded Swift: what pair-authkeys calls of the C library,
// under the names that Swift's own module has for it. Only the build of that program has this one (see Package.swift).

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// Macros and functions of any number of arguments, which Swift does not import.

#define NAMED(name) __attribute__((swift_name(name)))

static inline int glibc_errno(void) NAMED("getter:errno()");
static inline int glibc_errno(void) { return errno; }

static inline void glibc_set_errno(int value) NAMED("setter:errno(_:)");
static inline void glibc_set_errno(int value) { errno = value; }

static inline __sighandler_t glibc_ignore(void) NAMED("getter:SIG_IGN()");
static inline __sighandler_t glibc_ignore(void) { return SIG_IGN; }

static inline int glibc_open(const char *path, int flags) NAMED("open(_:_:)");
static inline int glibc_open(const char *path, int flags) { return open(path, flags); }

static inline int glibc_openat(int folder, const char *path, int flags) NAMED("openat(_:_:_:)");
static inline int glibc_openat(int folder, const char *path, int flags) { return openat(folder, path, flags); }

static inline int glibc_openat_new(int folder, const char *path, int flags, mode_t mode) NAMED("openat(_:_:_:_:)");
static inline int glibc_openat_new(int folder, const char *path, int flags, mode_t mode) {
    return openat(folder, path, flags, mode);
}

static inline int glibc_fcntl(int number, int command) NAMED("fcntl(_:_:)");
static inline int glibc_fcntl(int number, int command) { return fcntl(number, command); }

/// How many words the command line has, the program's own name included.
int glibc_argument_count(void);

/// The word of this number, from 0; NULL where there is none.
const char *glibc_argument(int number);

#endif
