#ifndef CNAMESERVICE_H
#define CNAMESERVICE_H

#include <stddef.h>
#include <sys/types.h>

// The host's directory of groups by way of NSS, from a process of its own: what NSS loads (SSSD's, LDAP's, winbind's)
// makes sockets and opens files, which the process that looks at keys has given up.

/// What `cnameservice_ask` finds; each but the last is what the directory says.
enum cnameservice_answer {
    CNAMESERVICE_MEMBER = 'm',
    CNAMESERVICE_NO_MEMBER = 'n',
    CNAMESERVICE_NO_GROUP = 'g',
    CNAMESERVICE_NO_LOGIN = 'l',
    CNAMESERVICE_NO_ANSWER = 'f',
};

/// Starts a process that answers for `login`, and ends with this one, or after `seconds`, whatever NSS does meanwhile.
/// It has nothing open but the connection. The caller has one thread.
/// Returns 0 or an errno; `connection` and `process` are for the functions below.
int cnameservice_start(const char *login, int seconds, int *connection, pid_t *process);

/// Asks whether the login is in `group`, of `length` bytes. Needs no call but read and write.
enum cnameservice_answer cnameservice_ask(int connection, const void *group, size_t length);

/// Ends the process, and waits until it has.
void cnameservice_stop(int connection, pid_t process);

#endif
