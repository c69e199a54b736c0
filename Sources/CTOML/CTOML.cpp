// toml++ is C++ templates throughout, which Swift cannot import: this hands its tree on as plain C.

#include "CTOML.h"

#include <string_view>

// toml++ 3.3.0 asserts on texts such as `[[[provider]]]`, and an abort in the program that sshd runs would put the command
// line, token included, into sshd's log. With NDEBUG the same assertions would be promises to the optimizer.
namespace {
struct Defect {};
}  // namespace
#define TOML_ASSERT(condition) ((condition) ? static_cast<void>(0) : throw Defect{})
#undef NDEBUG
#include <toml++/toml.h>

namespace {

CTOMLText text(std::string_view view) { return {view.data(), static_cast<int64_t>(view.size())}; }

struct Walk {
    void *context;
    CTOMLVisitor visit;

    void emit(CTOMLItem item, const toml::source_region &where) const {
        item.line = where.begin.line;
        item.column = where.begin.column;
        visit(context, &item);
    }

    void member(CTOMLItem item, const toml::key &key, const toml::node &value) const {
        item.key = text(key.str());
        item.kind = CTOML_OTHER;
        const toml::array *array = value.as_array();
        if (auto string = value.as_string()) {
            item.kind = CTOML_STRING;
            item.text = text(string->get());
        } else if (auto flag = value.as_boolean()) {
            item.kind = CTOML_BOOL;
            item.integer = flag->get() ? 1 : 0;
        } else if (auto integer = value.as_integer()) {
            item.kind = CTOML_INTEGER;
            item.integer = integer->get();
        } else if (array && (array->empty() || array->is_homogeneous(toml::node_type::string))) {
            item.kind = CTOML_STRINGS;
        }
        emit(item, key.source());
        if (item.kind != CTOML_STRINGS) return;
        item.kind = CTOML_ELEMENT;
        item.key = {};
        for (const toml::node &element : *array) {
            item.text = text(element.as_string()->get());
            emit(item, element.source());
        }
    }

    // A table inside a table is `other` to `member`; only the root's own are walked.
    void table(CTOMLText name, int64_t index, const toml::table &table) const {
        CTOMLItem item{};
        item.kind = CTOML_TABLE;
        item.table = name;
        item.index = index;
        emit(item, table.source());
        for (auto &&[key, value] : table) member(item, key, value);
    }

    void root(const toml::table &root) const {
        CTOMLItem item{};
        item.kind = CTOML_TABLE;
        item.index = -1;
        emit(item, root.source());
        for (auto &&[key, value] : root) {
            const toml::array *array = value.as_array();
            if (const toml::table *single = value.as_table()) {
                table(text(key.str()), -1, *single);
            } else if (array && array->is_array_of_tables()) {
                int64_t index = 0;
                for (const toml::node &element : *array) table(text(key.str()), index++, *element.as_table());
            } else {
                member(item, key, value);
            }
        }
    }
};

}  // namespace

void ctoml_parse(const char *bytes, int64_t count, void *context, CTOMLVisitor visit, CTOMLFailure fail) {
    try {
        const toml::parse_result result = toml::parse(std::string_view(bytes, static_cast<size_t>(count)));
        if (!result) {
            const toml::source_position where = result.error().source().begin;
            fail(context, text(result.error().description()), where.line, where.column);
            return;
        }
        Walk{context, visit}.root(result.table());
    } catch (const Defect &) {
        fail(context, text("brackets or braces that do not belong together"), 0, 0);
    }
}
