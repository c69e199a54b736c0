// C because it has to be in force before any Swift is: the runtime of ordinary Swift allocates before the program's first
// statement, and aborts where it cannot.

#include "CTraps.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static const int traps[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
enum { trap_count = sizeof traps / sizeof traps[0] };

// A handler for an exhausted stack needs another.
static char stack[64 << 10];

static void refuse(int number) {
    static const char message[] = "pair-authkeys: an internal fault; nobody is let in\n";
    (void)number;
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0) { /* nobody listens */
    }
    _exit(0);
}

// Before the constructors that have no priority, the runtime's among them.
__attribute__((constructor(101))) static void arm(void) {
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = refuse};
    if (sigaltstack(&other, NULL) == 0) action.sa_flags = SA_ONSTACK;
    for (int i = 0; i < trap_count; i++) sigaction(traps[i], &action, NULL);
}

void ctraps_disarm(void) {
    for (int i = 0; i < trap_count; i++) signal(traps[i], SIG_DFL);
}
