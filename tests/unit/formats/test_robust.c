/*
 * Reports that are cut off, bent, too large or read without memory: one clear
 * refusal, or facts; never a crash, a leak or half a report.
 */
#include "unit/formats/dom.h"

#include <zlib.h>

#include "base/banned.h"

#define LITERAL_REPORT(text) AS_LITERAL("{\"info\":{\"version\":\"2.4-CAPE\"}," text "}")

/* A sanitized build is slow, and finds in a quarter of the inputs what it would in all. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STRIDE 4
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define STRIDE 4
#endif
#ifndef STRIDE
#define STRIDE 1
#endif

/* --- cut off ---------------------------------------------------------------------- */

static bool begins_array(as_bytes in)
{
    size_t i = 0;

    while (i < in.n && (in.p[i] == '\n' || in.p[i] == ' '))
        i++;
    return i < in.n && in.p[i] == '[';
}

/* A copy as long as the cut, so that a sanitizer sees a read past it. */
static void check_cut(const char *path, as_bytes in, size_t n)
{
    uint8_t *copy = as_mem_get(n);
    as_analysis *a = NULL;
    as_err err = {0};
    as_code rc;

    assert_non_null(copy);
    if (n)
        memcpy(copy, in.p, n);
    rc = read_report((as_bytes){copy, n}, NULL, &a, &err);
    /* A list cut short may hold too little to say whose it is. */
    if ((rc != AS_INVALID && !(rc == AS_UNKNOWN && begins_array(in))) || a)
        fail_msg("%s cut to %zu bytes: %s", path, n, as_code_name(rc));
    if (rc == AS_INVALID && err.offset > n)
        fail_msg("%s cut to %zu bytes: error at byte %zu", path, n, err.offset);
    as_mem_free(copy);
}

static void cut_everywhere(void *ctx, const char *path)
{
    as_bytes in;

    (void)ctx;
    if (is_bad_case(path))
        return;
    in = load(path);
    while (in.n && in.p[in.n - 1] != '}')
        in.n--; /* the blanks behind a report may be missing */
    for (size_t n = 0; n < in.n; n += STRIDE) {
        /* In the middle of blanks, or of a hash of zeros, all cuts are one. */
        if (n < 2 || in.p[n - 2] != in.p[n - 1] || in.p[n - 1] != in.p[n])
            check_cut(path, in, n);
    }
    unload(in);
}

static void a_report_cut_at_any_byte_is_invalid(void **state)
{
    (void)state;
    each_report(GOLDEN_FOLDER, cut_everywhere, NULL);
}

/* What stands before and behind a cut, roughly. */
static size_t class_of(uint8_t before, uint8_t behind)
{
    static const char marks[] = "{}[]:,\"\\ \n-0ua";
    const char *x, *y;

    before = before >= '1' && before <= '9' ? '0' : before;
    behind = behind >= '1' && behind <= '9' ? '0' : behind;
    x = before ? strchr(marks, before) : NULL;
    y = behind ? strchr(marks, behind) : NULL;
    return (x ? (size_t)(x - marks) : 14) * 15 + (y ? (size_t)(y - marks) : 14);
}

static void an_example_cut_in_any_kind_of_place_is_invalid(void **state)
{
    static const char *const paths[] = {CAPE_EXAMPLE, CUCKOO_EXAMPLE};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(paths); i++) {
        size_t total[225] = {0}, seen[225] = {0};
        as_bytes in = load(paths[i]);

        while (in.n && in.p[in.n - 1] != '}')
            in.n--;
        for (size_t n = 1; n < in.n; n++)
            total[class_of(in.p[n - 1], in.p[n])]++;
        for (size_t n = 1; n < in.n; n++) {
            size_t k = class_of(in.p[n - 1], in.p[n]);

            if (seen[k]++ % (total[k] / 2 + 1) == 0)
                check_cut(paths[i], in, n);
        }
        unload(in);
    }
}

/* --- bent -------------------------------------------------------------------------- */

static const char *const others[] = {"null", "true", "1",    "-1",   "\"\"",      "\"x\"",
                                     "[]",   "{}",   "[[]]", "[{}]", "{\"a\":1}", "[\"y\",2]"};

static void read_bent(const char *path, const struct dom *d, uint32_t node, const char *other,
                      bool of_info)
{
    const struct dom_node *x = &d->nodes[node];
    as_analysis *a = NULL;
    as_buf b = {0};
    as_err err = {0};
    as_code rc;

    as_buf_add(&b, (as_bytes){d->in.p, x->begin});
    as_buf_text(&b, other);
    as_buf_add(&b, (as_bytes){d->in.p + x->end, d->in.n - x->end});
    assert_false(b.failed);
    rc = read_report(as_buf_bytes(&b), NULL, &a, &err);
    if (rc && !(rc == AS_UNKNOWN && of_info))
        fail_msg("%s with %s at byte %u: %s", path, other, x->begin, err.msg);
    as_analysis_free(a);
    as_buf_done(&b);
}

/* Keys of an example: all of them near the root; below, one in each list of alike. */
struct bend {
    const char *path;
    struct dom d;
    unsigned all; /* levels on which every value is tried */
    size_t turn;
};

/* By these members a report is known to be one: bent, they may leave it unknown. */
static bool tells_tool(const struct dom *d, uint32_t member)
{
    static const char *const keys[] = {"info",     "meta",    "metadata", "query_status",
                                       "matches",  "columns", "rows",     "sample",
                                       "analysis", "data",    "result",   "api_response"};

    for (size_t i = 0; i < AS_COUNT(keys); i++) {
        if (dom_key_is(d, member, as_bytes_of(keys[i])))
            return true;
    }
    return false;
}

static void bend_below(struct bend *b, uint32_t node, unsigned level, bool of_info)
{
    const struct dom_node *self = &b->d.nodes[node];
    unsigned seen = 0;

    for (uint32_t x = self->child; x; x = b->d.nodes[x].next, seen++) {
        bool info = of_info || (level == 0 && (self->type == '[' || tells_tool(&b->d, x)));

        if (level >= b->all && self->type == '[' && seen >= 1)
            break;
        for (size_t i = 0; i < AS_COUNT(others); i++) {
            if (level < b->all ? (i + b->turn) % STRIDE == 0 : i == b->turn % AS_COUNT(others))
                read_bent(b->path, &b->d, x, others[i], info);
        }
        b->turn++;
        bend_below(b, x, level + 1, info);
    }
}

static void bend_all(void *ctx, const char *path)
{
    const unsigned *levels = ctx;
    struct bend b = {.path = path, .all = *levels};
    as_bytes in;

    if (is_bad_case(path))
        return;
    in = load(path);
    b.d = dom_of(in);
    bend_below(&b, 1, 0, b.d.nodes[1].type == '['); /* an array is known by its elements */
    dom_done(&b.d);
    unload(in);
}

static void a_value_of_another_type_never_stops_a_reader(void **state)
{
    unsigned everything = 100, near = 1;

    (void)state;
    each_report(GOLDEN_FOLDER, bend_all, &everything);
    bend_all(&near, CUCKOO_EXAMPLE);
    bend_all(&near, CAPE_EXAMPLE);
}

static void a_repeated_key_is_read_and_counted(void **state)
{
    as_bytes in = LITERAL_REPORT("\"behavior\":{\"summary\":{\"files\":[\"a\"],\"files\":[\"b\"]}},"
                                 "\"behavior\":{\"summary\":{\"keys\":[\"k\"]}}");
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    assert_int_equal(read_report(in, NULL, &a, &err), AS_OK);
    assert_int_equal(a->doubts.duplicate_keys, 2);
    assert_int_equal(as_facts_count(a->facts), 4);
    as_analysis_free(a);
}

static void a_nul_in_a_text_is_part_of_it(void **state)
{
    as_bytes in = LITERAL_REPORT("\"behavior\":{\"summary\":{\"mutexes\":[\"a\\u0000b\"]}}");
    as_analysis *a = NULL;
    as_err err = {0};
    as_bytes name;

    (void)state;
    assert_int_equal(read_report(in, NULL, &a, &err), AS_OK);
    assert_int_equal(as_facts_get(a->facts, 1)->kind, AS_KIND_MUTEX);
    name = as_fact_text(a->facts, as_facts_get(a->facts, 1), AS_ATTR_NAME);
    assert_int_equal(name.n, 3);
    assert_memory_equal(name.p, "a\0b", 3);
    as_analysis_free(a);
}

static void a_raw_nul_is_invalid_where_it_stands(void **state)
{
    as_bytes in = AS_LITERAL("{\"info\":{\"version\":\"2.\0\"}}");
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    assert_int_equal(read_report(in, NULL, &a, &err), AS_INVALID);
    assert_int_equal(err.offset, 22);
}

static void an_ill_formed_byte_is_invalid_where_it_stands(void **state)
{
    as_bytes in = load(CAPE_EXAMPLE);
    uint8_t *p = (uint8_t *)(uintptr_t)in.p;
    as_analysis *a = NULL;

    (void)state;
    for (size_t at = in.n / 16; at < in.n; at += in.n / 16) {
        as_err err = {0};
        uint8_t kept = p[at];

        p[at] = 0xff;
        assert_int_equal(read_report(in, NULL, &a, &err), AS_INVALID);
        /* Behind a character that began, its own beginning is the fault. */
        assert_true(err.offset <= at && at - err.offset < 4);
        p[at] = kept;
    }
    unload(in);
}

/* --- too much ------------------------------------------------------------------------ */

static void nesting_beyond_the_limit_is_refused_wherever_it_is(void **state)
{
    static const char *const openings[] = {
        "{\"info\":",
        "{\"behavior\":{\"processtree\":",
        "{\"novel\":",
        "{\"target\":",
        "{\"signatures\":[{\"data\":",
        "{\"behavior\":{\"processes\":[{\"calls\":[{\"arguments\":"};
    static const char *const levels[] = {"[", "{\"children\":[", "{\"a\":"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(openings) * AS_COUNT(levels); i++) {
        as_analysis *a = NULL;
        as_buf b = {0};
        as_err err = {0};

        as_buf_text(&b, openings[i / AS_COUNT(levels)]);
        for (int n = 0; n < 3000; n++)
            as_buf_text(&b, levels[i % AS_COUNT(levels)]);
        assert_int_equal(read_report(as_buf_bytes(&b), NULL, &a, &err), AS_LIMIT);
        assert_true(err.offset < b.n);
        as_buf_done(&b);
    }
}

static void facts_beyond_the_memory_limit_are_refused(void **state)
{
    as_bytes in = load(GOLDEN_FOLDER "/cape_network.json");
    as_read_options options = {.memory = 1};
    as_analysis *a = NULL;
    size_t refused = 0;
    as_code rc;

    (void)state;
    do {
        as_err err = {0};

        rc = read_report(in, &options, &a, &err);
        if (rc && rc != AS_LIMIT)
            fail_msg("with %zu bytes: %s", options.memory, err.msg);
        refused += rc != AS_OK;
        options.memory += 64 + options.memory / 64;
    } while (rc);
    assert_true(refused > 20);
    assert_true(as_facts_memory(a->facts) <= options.memory);
    as_analysis_free(a);
    unload(in);
}

static as_code count_calls(void *ctx, const as_call *call, as_err *err)
{
    size_t *n = ctx;

    (void)err;
    *n += 1 + call->n_args;
    return AS_OK;
}

static void fail_each(void *ctx, const char *path)
{
    size_t calls = 0, *total = ctx;
    as_read_options options = {.on_call = count_calls, .call_ctx = &calls};
    as_analysis *a = NULL;
    as_bytes in;
    as_code rc;

    if (is_bad_case(path))
        return;
    in = load(path);
    for (uint64_t n = 1;; n++) {
        as_err err = {0};

        as_mem_fail_at(n);
        rc = read_report(in, &options, &a, &err);
        as_mem_fail_at(0);
        if (!rc)
            break;
        if (rc != AS_NOMEM || a)
            fail_msg("%s without allocation %llu: %s", path, (unsigned long long)n, err.msg);
        ++*total;
    }
    as_analysis_free(a);
    unload(in);
}

static void each_allocation_that_fails_is_no_memory(void **state)
{
    size_t failures = 0;

    (void)state;
    each_report(GOLDEN_FOLDER, fail_each, &failures);
    assert_true(failures > 100);
}

static as_code stop_at_once(void *ctx, const as_call *call, as_err *err)
{
    (void)ctx;
    return as_fail(err, AS_IO, (size_t)call->begin, "enough");
}

static void a_callback_that_fails_stops_the_reading(void **state)
{
    as_bytes in = load(GOLDEN_FOLDER "/cape_processes.json");
    as_read_options options = {.on_call = stop_at_once};
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    assert_int_equal(read_report(in, &options, &a, &err), AS_IO);
    assert_null(a);
    assert_string_equal(err.msg, "enough");
    unload(in);
}

/* --- packed ----------------------------------------------------------------------------- */

static as_bytes pack(as_bytes in)
{
    z_stream z = {0};
    as_buf b = {0};
    uint8_t *room;
    uLong bound;

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    bound = deflateBound(&z, in.n);
    room = as_buf_room(&b, bound);
    assert_non_null(room);
    z.next_in = (Bytef *)(uintptr_t)in.p;
    z.avail_in = (uInt)in.n;
    z.next_out = room;
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    b.n = z.total_out;
    assert_int_equal(deflateEnd(&z), Z_OK);
    return as_buf_bytes(&b);
}

static void assert_same_facts(const as_facts *x, const as_facts *y)
{
    assert_int_equal(as_facts_count(x), as_facts_count(y));
    for (size_t i = 0; i < as_facts_count(x); i++) {
        const as_fact *a = as_facts_get(x, i), *b = as_facts_get(y, i);
        const as_evidence *e = as_fact_evidence(x, a), *g = as_fact_evidence(y, b);

        assert_int_equal(a->kind, b->kind);
        assert_int_equal(a->flags, b->flags);
        assert_int_equal(a->n_attrs, b->n_attrs);
        assert_int_equal(a->n_evidence, b->n_evidence);
        for (size_t k = 0; k < a->n_attrs; k++)
            assert_true(as_bytes_eq(as_facts_text(x, as_fact_attrs(x, a)[k].str),
                                    as_facts_text(y, as_fact_attrs(y, b)[k].str)));
        for (size_t k = 0; k < a->n_evidence; k++)
            assert_true(e[k].begin == g[k].begin && e[k].end == g[k].end);
    }
}

static void a_packed_report_gives_the_same_facts_and_ids(void **state)
{
    static const char *const paths[] = {CAPE_EXAMPLE, CUCKOO_EXAMPLE};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(paths); i++) {
        as_bytes in = load(paths[i]), packed = pack(in);
        as_analysis *a = NULL, *b = NULL;
        as_err err = {0};

        assert_int_equal(read_report(in, NULL, &a, &err), AS_OK);
        assert_int_equal(read_report(packed, NULL, &b, &err), AS_OK);
        assert_true(!a->packed && b->packed);
        assert_int_equal(a->size, b->size);
        assert_memory_equal(a->sha256, b->sha256, sizeof(a->sha256)); /* ids begin with it */
        assert_same_facts(a->facts, b->facts);
        as_analysis_free(a);
        as_analysis_free(b);
        unload(in);
        unload(packed);
    }
}

static void a_packed_report_that_breaks_off_is_invalid(void **state)
{
    as_bytes in = load(CUCKOO_EXAMPLE), packed = pack(in);

    (void)state;
    for (size_t n = 2; n < packed.n; n += 1 + packed.n / 100) {
        as_analysis *a = NULL;
        as_err err = {0};

        assert_int_equal(read_report((as_bytes){packed.p, n}, NULL, &a, &err), AS_INVALID);
        assert_true(err.offset <= in.n);
    }
    unload(in);
    unload(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_cut_at_any_byte_is_invalid),
        cmocka_unit_test(an_example_cut_in_any_kind_of_place_is_invalid),
        cmocka_unit_test(a_value_of_another_type_never_stops_a_reader),
        cmocka_unit_test(a_repeated_key_is_read_and_counted),
        cmocka_unit_test(a_nul_in_a_text_is_part_of_it),
        cmocka_unit_test(a_raw_nul_is_invalid_where_it_stands),
        cmocka_unit_test(an_ill_formed_byte_is_invalid_where_it_stands),
        cmocka_unit_test(nesting_beyond_the_limit_is_refused_wherever_it_is),
        cmocka_unit_test(facts_beyond_the_memory_limit_are_refused),
        cmocka_unit_test(each_allocation_that_fails_is_no_memory),
        cmocka_unit_test(a_callback_that_fails_stops_the_reading),
        cmocka_unit_test(a_packed_report_gives_the_same_facts_and_ids),
        cmocka_unit_test(a_packed_report_that_breaks_off_is_invalid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
