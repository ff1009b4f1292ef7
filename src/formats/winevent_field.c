#include "formats/winevent_priv.h"

#include "base/banned.h"

/* The way back: what a fact says under the name that the event gave it. */

static uint16_t map_attr(const as_winevent_map *map, as_bytes name)
{
    for (; map && map->field; map++) {
        if (as_bytes_is(name, map->field))
            return map->attr;
    }
    return AS_NO_ATTR;
}

static uint16_t frame_attr(as_bytes name)
{
    static const struct {
        const char *name;
        as_attr_name attr;
    } names[] = {
        {"EventID", AS_ATTR_EVENT_ID},     {"Channel", AS_ATTR_CHANNEL},
        {"Provider_Name", AS_ATTR_SOURCE}, {"Provider.Name", AS_ATTR_SOURCE},
        {"SourceName", AS_ATTR_SOURCE},    {"Computer", AS_ATTR_COMPUTER},
        {"Hostname", AS_ATTR_COMPUTER},    {"Level", AS_ATTR_LEVEL},
        {"EventRecordID", AS_ATTR_RECORD}, {"RecordNumber", AS_ATTR_RECORD},
        {"Version", AS_ATTR_VERSION},      {"UtcTime", AS_ATTR_TIME},
        {"TimeCreated", AS_ATTR_TIME},     {"TimeCreated.SystemTime", AS_ATTR_TIME},
        {"EventTime", AS_ATTR_TIME},       {"@timestamp", AS_ATTR_TIME},
    };

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (as_bytes_is(name, names[i].name))
            return (uint16_t)names[i].attr;
    }
    return AS_NO_ATTR;
}

static bool in_pairs(const as_facts *f, const as_fact *fact, as_bytes name, as_value *ret)
{
    const as_attr *a = as_fact_attrs(f, fact);

    for (size_t i = 0; i + 1 < fact->n_attrs; i++) {
        if (a[i].name == AS_ATTR_FIELD && a[i + 1].name == AS_ATTR_FIELD_VALUE &&
            as_bytes_eq(as_facts_text(f, a[i].str), name)) {
            *ret = (as_value){(as_form)a[i + 1].form, a[i + 1].str, as_facts_text(f, a[i + 1].str)};
            return true;
        }
    }
    return false;
}

bool as_winevent_value(const as_facts *f, const as_fact *fact, as_bytes name, as_value *ret)
{
    as_bytes id = as_fact_text(f, fact, AS_ATTR_EVENT_ID);
    as_winevent_source source = as_winevent_source_of(as_fact_text(f, fact, AS_ATTR_SOURCE),
                                                      as_fact_text(f, fact, AS_ATTR_CHANNEL));
    const as_winevent_row *row = as_winevent_row_of(source, id);
    uint16_t attr;

    if (!id.n)
        return false;
    if (in_pairs(f, fact, name, ret)) /* a clock that was not the best is here, not in TIME */
        return true;
    attr = map_attr(row ? row->map : NULL, name);
    if (attr == AS_NO_ATTR)
        attr = map_attr(as_winevent_common, name);
    if (attr == AS_NO_ATTR)
        attr = frame_attr(name);
    if (attr == AS_ATTR_TIME && fact->kind == AS_KIND_PROCESS)
        attr = AS_ATTR_FIRST_SEEN;
    return attr != AS_NO_ATTR && as_fact_attr(f, fact, (as_attr_name)attr, ret);
}
