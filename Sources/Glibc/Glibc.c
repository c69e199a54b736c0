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

// What the standard library of Embedded Swift leaves to whoever links it.

/// Reads a number as C writes it, whatever the locale: this program has none but C's. Where it ends, or NULL.
const char *_swift_stdlib_strtod_clocale(const char *text, double *value);
const char *_swift_stdlib_strtod_clocale(const char *text, double *value) {
    char *end;
    *value = strtod(text, &end);
    return end == text ? NULL : end;
}

// The standard library's tables of hashes want it, and libm would be loaded for nothing else: 4% of a login.
__attribute__((visibility("hidden"))) double ceil(double number) {
    // Without a fraction from there on; NaN is neither.
    if (!(number > -0x1p52 && number < 0x1p52)) return number;
    const double whole = (double)(long long)number;
    return whole < number ? whole + 1 : whole;
}
