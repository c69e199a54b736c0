#define _GNU_SOURCE
#include "Glibc.h"

static int argument_count;
static char **arguments;

// glibc calls constructors as it calls main.
__attribute__((constructor)) static void keep_arguments(int count, char **words) {
    argument_count = count;
    arguments = words;
}

int glibc_argument_count(void) { return argument_count; }

const char *glibc_argument(int number) { return number >= 0 && number < argument_count ? arguments[number] : NULL; }

// The standard library of Embedded Swift leaves this to whoever links it.

/// Reads a number as C writes it, whatever the locale: this program has none but C's. Where it ends, or NULL.
const char *_swift_stdlib_strtod_clocale(const char *text, double *value);
const char *_swift_stdlib_strtod_clocale(const char *text, double *value) {
    char *end;
    *value = strtod(text, &end);
    return end == text ? NULL : end;
}
