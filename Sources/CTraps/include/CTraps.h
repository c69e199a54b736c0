#ifndef CTRAPS_H
#define CTRAPS_H

// Linked into a program, this ends it as a refusal, status 0 and no line, wherever it would die of a fault of its own,
// memory that runs out included: sshd would log a signal's death with the command line, token and all. A fault that
// nobody would see is said on the standard error.

/// Lets the process die of its faults again, for whoever is not sshd: no answer of theirs is "nobody is let in".
void ctraps_disarm(void);

#endif
