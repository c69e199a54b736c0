#ifndef CTOML_H
#define CTOML_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes that are not terminated and belong to the parser: valid only while a visit lasts.
typedef struct {
    const char *bytes;
    int64_t count;
} CTOMLText;

/// What an item is. A table comes before its members, an array of strings before its elements.
typedef enum {
    CTOML_TABLE,
    CTOML_STRING,
    CTOML_BOOL,
    CTOML_INTEGER,
    CTOML_STRINGS,
    CTOML_ELEMENT,
    CTOML_OTHER
} CTOMLKind;

/// One item of a document.
typedef struct {
    CTOMLKind kind;
    CTOMLText table;   // its name; none for the root
    int64_t index;     // in an array of tables, from 0; -1 for a table that stands alone
    CTOMLText key;     // empty for a table and an element
    CTOMLText text;    // of a string or an element
    int64_t integer;   // of an integer; 0 or 1 of a bool
    uint32_t line;     // from 1, as is the column; 0 where the parser knows none
    uint32_t column;
} CTOMLItem;

/// Called for each item with the context given to `ctoml_parse`.
typedef void (*CTOMLVisitor)(void *context, const CTOMLItem *item);

/// Called once, instead of any visit, where the document is not TOML.
typedef void (*CTOMLFailure)(void *context, CTOMLText message, uint32_t line, uint32_t column);

/// Parses `count` bytes of TOML 1.0 and visits the root first, then its members and each table of it with its members,
/// in no promised order but that of the elements of an array.
/// A table inside one of those is visited as CTOML_OTHER, like any value that is none of the kinds above.
void ctoml_parse(const char *bytes, int64_t count, void *context, CTOMLVisitor visit, CTOMLFailure fail);

#ifdef __cplusplus
}
#endif

#endif
