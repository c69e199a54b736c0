#ifndef CSANDBOX_H
#define CSANDBOX_H

// What a process can give up for good, on Linux. Each function returns 0, or an errno; none of them prints or ends the
// process, and one that fails has taken nothing away.

/// No program that is started has more rights than this process: set-user-ID and file capabilities count for nothing.
int csandbox_no_new_privileges(void);

/// A set of Landlock rules that refuses each kind of access that this kernel can refuse, as a file descriptor.
/// `version` is that of the kernel's Landlock, and tells what it can refuse.
int csandbox_rules(int *rules, int *version);

/// Excepts the reading of files below the folder at `path`. A folder that does not open has none, and is no failure.
int csandbox_allow_reading(int rules, const char *path);

/// Has the rules apply to this thread from now on; wants no_new_privs.
int csandbox_restrict(int rules);

void csandbox_close(int rules);

/// Leaves this thread the system calls that reading, computing, and writing to what is open need; wants no_new_privs.
/// Any other is answered with EPERM, and one that is newer than the list with ENOSYS, so that the C library falls back.
/// ENOTSUP where there is no list for this machine.
int csandbox_filter(void);

#endif
