// C because none of it has a function in the C library that Swift could import: a filter is an array made by macros, and
// Landlock's calls are made by their numbers.

#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int result(long returned) { return returned < 0 ? errno : 0; }

int csandbox_no_new_privileges(void) { return result(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L)); }

// Landlock: landlock(7). Its calls, structures and bits are written out, since the header of an older system lacks some;
// the numbers are the same on all machines, and what one version has no later one changes.

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { ASK_VERSION = 1 << 0, PATH_BENEATH = 1 };
#define READ_FILE (UINT64_C(1) << 2)

struct rules {
    uint64_t files, network, scopes;
};

struct exception {
    uint64_t files;
    int32_t folder;
} __attribute__((packed));

int csandbox_rules(int *rules, int *version) {
    long found = syscall(CREATE_RULESET, NULL, (size_t)0, ASK_VERSION);
    if (found < 0) return errno;
    *version = (int)found;
    // Executing, reading, writing, listing, making and removing in version 1; then moving between folders, truncating,
    // and in 5 controlling devices.
    int kinds = found < 2 ? 13 : found < 3 ? 14 : found < 5 ? 15 : 16;
    struct rules all = {.files = (UINT64_C(1) << kinds) - 1};
    size_t size = sizeof all.files;
    if (found >= 4) {
        all.network = 1 << 0 | 1 << 1;  // to bind and to connect by TCP
        size += sizeof all.network;
    }
    if (found >= 6) {
        all.scopes = 1 << 0 | 1 << 1;  // abstract sockets and processes that are not in here, too
        size += sizeof all.scopes;
    }
    long made = syscall(CREATE_RULESET, &all, size, 0);
    if (made < 0) return errno;
    *rules = (int)made;
    return 0;
}

int csandbox_allow_reading(int rules, const char *path) {
    int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    // What no walk without links comes to has no files to be read; anything else, such as too many files being open, may
    // be over when they are.
    if (folder < 0) return errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP ? 0 : errno;
    struct exception reading = {READ_FILE, folder};
    int error = result(syscall(ADD_RULE, rules, PATH_BENEATH, &reading, 0));
    close(folder);
    return error;
}

int csandbox_restrict(int rules) { return result(syscall(RESTRICT_SELF, rules, 0)); }

void csandbox_close(int rules) { close(rules); }

// The filter: seccomp(2). The kernel runs it before each system call, from its first line on.

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#ifdef MACHINE

// The last call of Linux 6.1. What came later, and x32's, which have bit 30 set, are unknown here.
enum { LAST_KNOWN = 450 };

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
// An argument's lower half, and its upper one; both machines are little-endian.
#define LOW(index) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[index]))
#define HIGH(index) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[index]) + 4)
#define IF(test, value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_K | BPF_##test, value, then, otherwise)
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)
#define FAIL(error) ANSWER(SECCOMP_RET_ERRNO | (error))
#define PASS ANSWER(SECCOMP_RET_ALLOW)

#define UNKNOWN(call) IF(JEQ, call, 0, 1), FAIL(ENOSYS)
// Where none of `bits` is set in the argument.
#define ALLOW_WITHOUT(call, index, bits) IF(JEQ, __NR_##call, 0, 4), LOW(index), IF(JSET, bits, 0, 1), FAIL(EPERM), PASS
#define ALLOW_EQUAL(call, index, value) IF(JEQ, __NR_##call, 0, 4), LOW(index), IF(JEQ, value, 1, 0), FAIL(EPERM), PASS
#define ALLOW_NULL(call, index) \
    IF(JEQ, __NR_##call, 0, 6), LOW(index), IF(JEQ, 0, 0, 2), HIGH(index), IF(JEQ, 0, 1, 0), FAIL(EPERM), PASS

// Allowed whatever their arguments are; the frequent ones first.
static const uint16_t allowed[] = {
    // What is open, and what stands at a path.
    __NR_close, __NR_newfstatat, __NR_read, __NR_fstat, __NR_write, __NR_brk, __NR_futex, __NR_munmap, __NR_pread64,
    __NR_readv, __NR_writev, __NR_lseek, __NR_statx, __NR_readlinkat, __NR_faccessat, __NR_faccessat2, __NR_getcwd,
#ifdef __NR_stat
    __NR_stat, __NR_lstat, __NR_access, __NR_readlink,
#endif
    // Memory, signals that are handled, the end, random numbers, clocks, what the process is.
    __NR_mremap, __NR_madvise, __NR_rt_sigreturn, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_sigaltstack,
    __NR_restart_syscall, __NR_exit, __NR_exit_group, __NR_getrandom, __NR_clock_gettime, __NR_clock_getres,
    __NR_gettimeofday, __NR_clock_nanosleep, __NR_nanosleep, __NR_getpid, __NR_gettid, __NR_getppid, __NR_getuid,
    __NR_geteuid, __NR_getgid, __NR_getegid, __NR_uname, __NR_sysinfo, __NR_getcpu, __NR_sched_yield,
    __NR_sched_getaffinity, __NR_membarrier, __NR_set_robust_list, __NR_rseq,
#ifdef __NR_time
    __NR_time, __NR_getrlimit,
#endif
};

// Nothing is opened but to be read.
#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

int csandbox_filter(void) {
    const struct sock_filter before[] = {
        // In vain, and yet the filter is in force in a third of the time: where its answer could depend on an argument
        // from the first line on, the kernel does not try it out on each of its calls beforehand.
        LOW(0),
        LOAD(arch), IF(JEQ, MACHINE, 1, 0), FAIL(EPERM),
        LOAD(nr), IF(JGT, LAST_KNOWN, 0, 1), FAIL(ENOSYS),
        // A folder that is opened as a path only needs no right to it.
        ALLOW_WITHOUT(openat, 2, WRITING),
    };
    const struct sock_filter after[] = {
        // None of the allowed: past the PASS that each of them jumps to.
        BPF_STMT(BPF_JMP | BPF_JA, 1), PASS,
#ifdef __NR_open
        ALLOW_WITHOUT(open, 1, WRITING),
#endif
        // To where the socket is connected; and the time of a file that is open.
        ALLOW_NULL(sendto, 4), ALLOW_NULL(utimensat, 1),
        // No memory is executed that is not already.
        ALLOW_WITHOUT(mmap, 2, PROT_EXEC), ALLOW_WITHOUT(mprotect, 2, PROT_EXEC),
        // abort() of the C library; and limits are asked for, not set.
        ALLOW_EQUAL(tgkill, 0, (uint32_t)getpid()), ALLOW_NULL(prlimit64, 2),
        // What these ask for stands in memory, where no filter looks; without them the C library takes clone and openat.
        UNKNOWN(__NR_clone3), UNKNOWN(__NR_openat2),
        FAIL(EPERM),
    };
    enum { COUNT = sizeof allowed / sizeof allowed[0], FIRST = sizeof before / sizeof before[0] };
    _Static_assert(COUNT <= 255, "the longest jump");
    struct sock_filter lines[FIRST + COUNT + sizeof after / sizeof after[0]];
    memcpy(lines, before, sizeof before);
    // Each to the PASS that is the second line of what comes after.
    for (int i = 0; i < COUNT; i++) lines[FIRST + i] = (struct sock_filter)IF(JEQ, allowed[i], COUNT - i, 0);
    memcpy(lines + FIRST + COUNT, after, sizeof after);
    const struct sock_fprog filter = {sizeof lines / sizeof lines[0], lines};
    return result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
}

#else

int csandbox_filter(void) { return ENOTSUP; }

#endif
