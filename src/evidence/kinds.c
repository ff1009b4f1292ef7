#include "evidence/kinds.h"

#include <assert.h>

#include "base/banned.h"

static const as_kind_row kinds[] = {
#define AS_X(id, name, section, ident, under)                                                      \
    [AS_KIND_##id] = {name, AS_SECTION_##section, AS_ATTR_##ident, AS_ATTR_##under},
    AS_KIND_MAP(AS_X)
#undef AS_X
};

static const as_attr_row attrs[] = {
#define AS_X(id, name, type) [AS_ATTR_##id] = {name, AS_TYPE_##type},
    AS_ATTR_MAP(AS_X)
#undef AS_X
};

static const char *const sections[] = {
#define AS_X(id, name) [AS_SECTION_##id] = (name),
    AS_SECTION_MAP(AS_X)
#undef AS_X
};

const as_kind_row *as_kind_get(as_kind kind)
{
    assert((size_t)kind < AS_COUNT(kinds));
    return &kinds[kind];
}

const as_attr_row *as_attr_get(as_attr_name name)
{
    assert((size_t)name < AS_COUNT(attrs));
    return &attrs[name];
}

const char *as_section_name(as_section section)
{
    assert((size_t)section < AS_COUNT(sections));
    return sections[section];
}
