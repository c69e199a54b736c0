// libcrypto binds some 4,000 symbols when it is loaded, which takes longer than all that is done about the commonest call
// of `pair-authkeys`, a plain key of nobody, which needs none of it. So it is loaded by dlopen, when it is first wanted, and
// called by the types that its header declares.

#define _GNU_SOURCE
#include "CLibcrypto.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_OF(macro) TEXT(macro)
#define TEXT(words) #words

#ifdef __APPLE__
#define LIBCRYPTO "libcrypto." TEXT_OF(OPENSSL_SHLIB_VERSION) ".dylib"
#else
#define LIBCRYPTO "libcrypto.so." TEXT_OF(OPENSSL_SHLIB_VERSION)
#endif

// It then finds its own names in itself at once, instead of in the program and each library of it first. Not every system
// has it.
#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

// There where the program is one with a sanitizer, which ends it at that.
extern void __asan_init(void) __attribute__((weak));

static void *symbol(void *library, const char *name) {
    void *found = library == NULL ? NULL : dlsym(library, name);
    if (found == NULL) {
        fprintf(stderr, "pair: %s\n", dlerror());
        abort();
    }
    return found;
}

CLibcrypto clibcrypto_load(void) {
    int itselfFirst = __asan_init == NULL ? RTLD_DEEPBIND : 0;
    void *library = dlopen(LIBCRYPTO, RTLD_LAZY | RTLD_LOCAL | itselfFirst);
#define FOUND(name) .name = (__typeof__(name) *)symbol(library, #name),
    return (CLibcrypto){CLIBCRYPTO_FUNCTIONS(FOUND)};
}
