/*
 * Tables of memory forensics: which plugin wrote them, whose process a row is, and what
 * becomes of rows, columns and lines that nobody expected. The real tables are held against
 * counts that a tree of the same bytes gives.
 */
#include "unit/formats/dom.h"
#include "unit/formats/told.h"

#include "base/base.h"
#include "formats/volatility_priv.h"

#include "base/banned.h"

static as_analysis *read_with(as_bytes in, const as_read_options *options)
{
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(in, options, &a, &err))
        fail_msg("%s", err.msg);
    return a;
}

static as_analysis *read_all(const char *text)
{
    return read_with(as_bytes_of(text), NULL);
}

static const as_fact *above(const as_facts *f, const as_fact *fact)
{
    uint32_t up;

    assert_non_null(fact);
    up = as_fact_parent(f, fact);
    return up == AS_NO_FACT ? NULL : as_facts_get(f, up);
}

/* The text kept under a name that no attribute stands for, or "". */
static as_bytes field_of(const as_facts *f, const as_fact *fact, const char *name)
{
    const as_attr *a = as_fact_attrs(f, fact);

    for (size_t i = 0; i + 1 < fact->n_attrs; i++) {
        if (a[i].name == AS_ATTR_FIELD && as_bytes_is(as_facts_text(f, a[i].str), name))
            return as_facts_text(f, a[i + 1].str);
    }
    return (as_bytes){0};
}

static const char *pointer_of(const as_facts *f, const as_fact *fact, char out[64])
{
    as_buf b = {0};

    as_facts_pointer(f, as_fact_evidence(f, fact), &b);
    (void)snprintf(out, 64, "%.*s", (int)b.n, (const char *)b.p);
    as_buf_done(&b);
    return out;
}

/* --- the tables of the reader ----------------------------------------------------------- */

/* Asked for what one plugin needs, the tables must not answer with another. */
static void each_plugin_is_known_by_what_it_needs(void **state)
{
    const as_plugin *p;
    size_t n = 0;

    (void)state;
    for (; (p = as_plugin_get(n)); n++) {
        as_columns columns = {0};
        const as_plugin *found;

        assert_true(p->version == 2 || p->version == 3);
        assert_true(as_plugin_needs(p) > 0);
        for (size_t i = 0; i < as_plugin_needs(p); i++)
            as_columns_add(&columns, (as_volatility_column)p->needs[i]);
        found = as_plugin_of(p->version, &columns);
        assert_non_null(found);
        if (strcmp(found->tool, p->tool) != 0)
            fail_msg("%s is taken for %s", p->tool, found->tool);
    }
    assert_true(n > 80);
}

static void names_of_columns_are_compared_without_signs_and_case(void **state)
{
    (void)state;
    assert_int_equal(as_volatility_column_of(AS_LITERAL("Offset(V)")), AS_COLUMN_OFFSET_V);
    assert_int_equal(as_volatility_column_of(AS_LITERAL("OFFSET (V)")), AS_COLUMN_OFFSET_V);
    assert_int_equal(as_volatility_column_of(AS_LITERAL("Pid")), AS_COLUMN_PID);
    assert_int_equal(as_volatility_column_of(AS_LITERAL("MOUNT_POINT")), AS_COLUMN_MOUNT_POINT);
    assert_int_equal(as_volatility_column_of(AS_LITERAL("Cmd")), AS_COLUMN_CMD);
    assert_int_equal(as_volatility_column_of(AS_LITERAL("Cmd #")), AS_COLUMN_OTHER);
    assert_int_equal(as_volatility_column_of(AS_LITERAL("PIDs")), AS_COLUMN_OTHER);
    assert_int_equal(as_volatility_column_of(AS_LITERAL("PI")), AS_COLUMN_OTHER);
    assert_int_equal(as_volatility_column_of(AS_LITERAL("")), AS_COLUMN_OTHER);
}

/* --- version 3 -------------------------------------------------------------------------- */

#define TREE_ROW(name, pid, ppid, children)                                                        \
    "{\"CreateTime\":null,\"ImageFileName\":\"" name "\",\"Offset(V)\":1,\"PID\":" pid             \
    ",\"PPID\":" ppid ",\"Threads\":3,\"__children\":[" children "]}"

static void rows_below_a_row_belong_to_it(void **state)
{
    as_analysis *a =
        read_all("\n[" TREE_ROW("a", "1", "0",
                                TREE_ROW("b", "2", "1", TREE_ROW("c", "3", "2", "")) "," TREE_ROW(
                                    "d", "4", "1", "")) "]\n");
    const as_facts *f = a->facts;
    char pointer[64];

    (void)state;
    assert_string_equal(a->tool, "Volatility 3 windows.pstree");
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 4);
    for (size_t i = 0; i < 4; i++) {
        const as_fact *p = nth(f, AS_KIND_PROCESS, i);
        as_bytes name = as_fact_text(f, p, AS_ATTR_NAME);

        assert_int_equal(name.n, 1);
        if (name.p[0] == 'a')
            assert_null(above(f, p));
        else
            assert_attr(f, above(f, p), AS_ATTR_NAME, name.p[0] == 'c' ? "b" : "a");
        if (name.p[0] == 'c')
            assert_string_equal(pointer_of(f, p, pointer), "/0/__children/0/__children/0");
    }
    assert_int_equal(a->gaps, 0);
    as_analysis_free(a);
}

static void a_tree_as_deep_as_the_parser_allows_is_read_whole(void **state)
{
    as_buf b = {0};
    as_analysis *a;

    (void)state;
    for (int i = 0; i < 127; i++)
        as_buf_printf(&b, "[{\"PID\":%d,\"Process\":\"p\",\"Args\":null,\"__children\":", i);
    as_buf_text(&b, "[]");
    for (int i = 0; i < 127; i++)
        as_buf_text(&b, "}]");
    a = read_with(as_buf_bytes(&b), NULL);
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 127);
    as_analysis_free(a);
    as_buf_done(&b);
}

static void rows_name_one_process_by_number_and_name(void **state)
{
    as_analysis *a = read_all(
        "[{\"PID\":4,\"Process\":\"System\",\"SID\":\"S-1-1-0\",\"Name\":\"Everyone\",\"__"
        "children\":[]},"
        "{\"PID\":4,\"Process\":\"System\",\"SID\":\"S-1-5-18\",\"Name\":null,\"__children\":[]},"
        "{\"PID\":4,\"Process\":\"other\",\"SID\":\"S-1-5-19\",\"Name\":null,\"__children\":[]}]");
    const as_facts *f = a->facts;

    (void)state;
    assert_string_equal(a->tool, "Volatility 3 windows.getsids");
    assert_int_equal(count_of(f, AS_KIND_PRIVILEGE), 3);
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 2);
    assert_ptr_equal(above(f, nth(f, AS_KIND_PRIVILEGE, 0)),
                     above(f, nth(f, AS_KIND_PRIVILEGE, 1)));
    assert_attr(f, above(f, nth(f, AS_KIND_PRIVILEGE, 2)), AS_ATTR_NAME, "other");
    as_analysis_free(a);
}

static void a_process_named_before_its_own_row_is_one_fact_with_it(void **state)
{
    as_analysis *a =
        read_all("{\"PID\":7,\"Process\":\"x.exe\",\"SID\":\"S-1-1-0\",\"Name\":\"Everyone\",\"__"
                 "children\":[]}\n"
                 "{\"PID\":7,\"PPID\":4,\"ImageFileName\":\"x.exe\",\"Threads\":1,\"File "
                 "output\":\"Disabled\","
                 "\"__children\":[]}\n"
                 "{\"PID\":7,\"Process\":\"x.exe\",\"Args\":\"x.exe /s\",\"__children\":[]}\n");
    const as_facts *f = a->facts;
    const as_fact *p = nth(f, AS_KIND_PROCESS, 0);
    char pointer[64];

    (void)state;
    assert_string_equal(a->tool, "Volatility 3"); /* three plugins, so none is named */
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 1);
    assert_attr(f, p, AS_ATTR_PPID, "4");
    assert_attr(f, p, AS_ATTR_COMMAND_LINE, "x.exe /s");
    assert_int_equal(p->n_evidence, 3);
    assert_string_equal(pointer_of(f, p, pointer), "#2");
    assert_ptr_equal(above(f, nth(f, AS_KIND_PRIVILEGE, 0)), p);
    as_analysis_free(a);
}

/* Rows below a row are parts of it; it cannot be a part of one of them. */
static void a_row_may_name_a_process_whose_row_is_below_it(void **state)
{
    as_analysis *a =
        read_all("[{\"PID\":7,\"Process\":\"x\",\"SID\":\"S\",\"Name\":null,\"__children\":["
                 "{\"PID\":7,\"Process\":\"x\",\"Args\":\"x /s\",\"__children\":[]}]},"
                 "{\"PID\":8,\"Process\":\"y\",\"Args\":null,\"__children\":["
                 "{\"PID\":8,\"Process\":\"y\",\"Args\":\"y /s\",\"__children\":[]}]}]");
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 3);
    assert_null(above(f, nth(f, AS_KIND_PRIVILEGE, 0)));
    assert_ptr_equal(above(f, nth(f, AS_KIND_PROCESS, 0)), nth(f, AS_KIND_PRIVILEGE, 0));
    assert_null(above(f, nth(f, AS_KIND_PROCESS, 1)));
    assert_ptr_equal(above(f, nth(f, AS_KIND_PROCESS, 2)), nth(f, AS_KIND_PROCESS, 1));
    as_analysis_free(a);
}

/* A scan lists what is left of a process that a list has too; both are kept as they are. */
static void rows_of_one_process_that_differ_stay_apart(void **state)
{
    as_analysis *a = read_all("[" TREE_ROW(
        "a", "9", "4", "") ","
                           "{\"CreateTime\":null,\"ImageFileName\":\"a\",\"Offset(V)\":2,"
                           "\"PID\":9,\"PPID\":4,\"Threads\":0,\"__children\":[]}]");

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 2);
    as_analysis_free(a);
}

static void a_region_of_malfind_has_its_bytes_and_its_protection(void **state)
{
    as_analysis *a = read_all(
        "[{\"CommitCharge\":1,\"Disasm\":\"\\\"55\\\"\",\"End VPN\":8191,\"File "
        "output\":\"Disabled\","
        "\"Hexdump\":\"55 8b\",\"Notes\":null,\"PID\":5,\"PrivateMemory\":1,\"Process\":\"p.exe\","
        "\"Protection\":\"PAGE_EXECUTE_READWRITE\",\"Start VPN\":4096,\"Tag\":\"VadS\","
        "\"__children\":[]}]");
    const as_facts *f = a->facts;
    const as_fact *region = nth(f, AS_KIND_MEMORY_FINDING, 0);

    (void)state;
    assert_attr(f, region, AS_ATTR_ADDRESS, "4096");
    assert_attr(f, region, AS_ATTR_TO, "8191");
    assert_attr(f, region, AS_ATTR_ACCESS, "PAGE_EXECUTE_READWRITE");
    assert_attr(f, region, AS_ATTR_CONTENT, "55 8b");
    assert_attr(f, region, AS_ATTR_CODE, "\"55\"");
    assert_true(as_bytes_is(field_of(f, region, "PrivateMemory"), "1"));
    assert_true(as_bytes_is(field_of(f, region, "File output"), "Disabled"));
    assert_int_equal(field_of(f, region, "Notes").n, 0);
    assert_int_equal(a->coverage.mapped_bytes, a->coverage.total_bytes);
    as_analysis_free(a);
}

static void a_row_that_lacks_columns_is_of_the_plugin_of_the_others(void **state)
{
    as_analysis *a = read_all(
        "[{\"PID\":5,\"Process\":\"p\",\"Protection\":\"rwx\",\"Start VPN\":1,\"Hexdump\":\"90\","
        "\"__children\":[]},{\"PID\":5,\"Process\":\"p\",\"Start VPN\":2,\"__children\":[]},"
        "{\"PID\":5,\"Process\":\"p\",\"Start VPN\":3,\"Novel\":4,\"__children\":[]}]");

    (void)state;
    assert_int_equal(count_of(a->facts, AS_KIND_MEMORY_FINDING), 2);
    assert_int_equal(count_of(a->facts, AS_KIND_MEMORY_ROW), 1);
    as_analysis_free(a);
    /* Before the others are known, it is of none. */
    a = read_all("[{\"PID\":5,\"Process\":\"p\",\"Start VPN\":1,\"__children\":[]},"
                 "{\"PID\":5,\"Process\":\"p\",\"Protection\":\"rwx\",\"Start VPN\":2,"
                 "\"Hexdump\":\"90\",\"__children\":[]},"
                 "{\"PID\":5,\"Process\":\"p\",\"Start VPN\":3,\"__children\":[]}]");
    assert_int_equal(count_of(a->facts, AS_KIND_MEMORY_FINDING), 2);
    assert_int_equal(count_of(a->facts, AS_KIND_MEMORY_ROW), 1);
    as_analysis_free(a);
}

static void columns_of_an_unknown_plugin_are_kept_by_name(void **state)
{
    as_analysis *a = read_all("[{\"Widget\":\"w\",\"Ratio\":0.5,\"On\":true,\"None\":\"-\","
                              "\"Null\":null,\"PID\":3,\"Process\":\"q\",\"__children\":[]}]");
    const as_facts *f = a->facts;
    const as_fact *row = nth(f, AS_KIND_MEMORY_ROW, 0);

    (void)state;
    assert_string_equal(a->tool, "Volatility 3");
    assert_non_null(row);
    assert_true(as_bytes_is(field_of(f, row, "Widget"), "w"));
    assert_true(as_bytes_is(field_of(f, row, "Ratio"), "0.5"));
    assert_true(as_bytes_is(field_of(f, row, "On"), "true"));
    assert_true(as_bytes_is(field_of(f, row, "None"), "-"));
    assert_attr(f, above(f, row), AS_ATTR_NAME, "q");
    assert_int_equal(a->coverage.mapped_bytes, a->coverage.total_bytes);
    as_analysis_free(a);
}

static void more_columns_than_a_fact_holds_are_its_parts(void **state)
{
    as_buf b = {0};
    as_analysis *a;
    size_t pairs = 0;

    (void)state;
    as_buf_text(&b, "[{");
    for (int i = 0; i < 200; i++)
        as_buf_printf(&b, "\"c%d\":%d,", i, i);
    as_buf_text(&b, "\"__children\":[]}]");
    a = read_with(as_buf_bytes(&b), NULL);
    for (int i = 0; i < 200; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "c%d", i);
        pairs += field_of(a->facts, nth(a->facts, AS_KIND_MEMORY_ROW, 0), name).n > 0;
    }
    assert_true(pairs > 40);
    assert_int_equal(pairs + count_of(a->facts, AS_KIND_DETAIL), 200);
    assert_int_equal(a->coverage.mapped_bytes, a->coverage.total_bytes);
    as_analysis_free(a);
    as_buf_done(&b);
}

static void why_a_command_line_could_not_be_read_is_no_command_line(void **state)
{
    as_analysis *a = read_all("[{\"PID\":1,\"Process\":\"p\",\"Args\":\"Required memory at 0x7f is "
                              "not valid (process exited?)\",\"__children\":[]}]");
    const as_fact *p = nth(a->facts, AS_KIND_PROCESS, 0);

    (void)state;
    assert_attr(a->facts, p, AS_ATTR_COMMAND_LINE, "");
    assert_attr(a->facts, p, AS_ATTR_ERROR,
                "Required memory at 0x7f is not valid (process exited?)");
    as_analysis_free(a);
}

/* Closed connections belong to no process: the number is null, or -1. */
static void a_socket_without_a_process_belongs_to_none(void **state)
{
    as_analysis *a = read_all(
        "[{\"Proto\":\"TCPv4\",\"LocalAddr\":\"10.0.0.1\",\"LocalPort\":1,\"ForeignAddr\":\"10.0.0."
        "2\","
        "\"ForeignPort\":2,\"State\":\"CLOSED\",\"PID\":null,\"Owner\":null,\"__children\":[]},"
        "{\"Proto\":\"TCPv4\",\"LocalAddr\":\"10.0.0.1\",\"LocalPort\":3,\"ForeignAddr\":\"10.0.0."
        "2\","
        "\"ForeignPort\":4,\"State\":\"CLOSED\",\"PID\":-1,\"Owner\":\"-\",\"__children\":[]}]");
    const as_facts *f = a->facts;

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_SOCKET), 2);
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 0);
    assert_attr(f, nth(f, AS_KIND_SOCKET, 1), AS_ATTR_DST, "10.0.0.2");
    assert_attr(f, nth(f, AS_KIND_SOCKET, 1), AS_ATTR_DPORT, "4");
    assert_true(as_bytes_is(field_of(f, nth(f, AS_KIND_SOCKET, 1), "PID"), "-1"));
    as_analysis_free(a);
}

static void an_empty_table_says_that_it_lists_nothing(void **state)
{
    as_read_options forced = {.format = "volatility3"};
    as_analysis *a = read_all("\n[]\n");

    (void)state;
    assert_string_equal(a->tool, "Volatility 3");
    assert_int_equal(a->gaps, AS_GAP_EMPTY);
    assert_int_equal(as_facts_count(a->facts), 0);
    as_analysis_free(a);
    a = read_with(AS_LITERAL("[]"), &forced);
    assert_int_equal(a->gaps, AS_GAP_EMPTY);
    as_analysis_free(a);
}

/* --- lines ------------------------------------------------------------------------------- */

#define LINE(pid, sid)                                                                             \
    "{\"PID\":" pid ",\"Process\":\"p" pid ".exe\",\"SID\":\"" sid                                 \
    "\",\"Name\":null,\"__children\":[]}\n"

static void a_bad_line_costs_itself_alone(void **state)
{
    as_analysis *a =
        read_all(LINE("1", "S-1") "{\"PID\":2,\n" LINE("3", "S-3") "[1]\n"
                                                                   "\n" LINE("1", "S-4"));
    const as_facts *f = a->facts;
    char pointer[64];

    (void)state;
    assert_int_equal(a->bad_lines, 2);
    assert_int_equal(a->first_bad_line, 2);
    assert_int_equal(count_of(f, AS_KIND_PRIVILEGE), 3);
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 2);
    assert_string_equal(pointer_of(f, nth(f, AS_KIND_PRIVILEGE, 2), pointer), "#6");
    assert_ptr_equal(above(f, nth(f, AS_KIND_PRIVILEGE, 0)),
                     above(f, nth(f, AS_KIND_PRIVILEGE, 2)));
    as_analysis_free(a);
}

/* A row that ended inside a line which then breaks off is taken back, its process with it. */
static void what_a_bad_line_said_is_forgotten(void **state)
{
    as_analysis *a = read_all(LINE(
        "1", "S-1") "{\"PID\":8,\"__children\":[{\"PID\":9,\"Process\":\"p9.exe\",\"SID\":\"S\","
                    "\"Name\":null}, {\"PID\n" LINE("9", "S-9"));
    const as_facts *f = a->facts;
    char pointer[64];

    (void)state;
    assert_int_equal(a->bad_lines, 1);
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 2);
    assert_string_equal(pointer_of(f, above(f, nth(f, AS_KIND_PRIVILEGE, 1)), pointer), "#3");
    as_analysis_free(a);
}

static void lines_of_no_row_are_of_no_tool(void **state)
{
    as_read_options forced = {.format = "volatility3"};
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    assert_int_equal(read_report(AS_LITERAL("{\"PID\":\n{\"PID\":\n"), &forced, &a, &err),
                     AS_UNKNOWN);
    assert_null(a);
}

struct portions {
    uint64_t rows, carried;
};

static as_code count_portion(void *ctx, const as_analysis *a, as_err *err)
{
    struct portions *p = ctx;

    (void)err;
    for (uint32_t i = 0; i < as_facts_count(a->facts); i++) {
        const as_fact *fact = as_facts_get(a->facts, i);

        if (fact->flags & AS_FACT_GONE)
            continue;
        p->rows += fact->kind == AS_KIND_PRIVILEGE;
        p->carried += (fact->flags & AS_FACT_CARRIED) != 0;
        if (fact->kind == AS_KIND_PRIVILEGE)
            assert_int_equal(above(a->facts, fact)->kind, AS_KIND_PROCESS);
    }
    return AS_OK;
}

/* Handed out in portions, a long output has the facts that it has in one piece. */
static void lines_are_read_in_portions(void **state)
{
    struct portions p = {0};
    as_read_options options = {
        .on_portion = count_portion, .portion_ctx = &p, .portion = (size_t)256 << 10};
    as_buf b = {0};
    as_analysis *a;

    (void)state;
    for (int i = 0; i < 20000; i++)
        as_buf_printf(&b,
                      "{\"PID\":%d,\"Process\":\"p.exe\",\"SID\":\"S-%d\",\"Name\":\"n\","
                      "\"__children\":[]}\n",
                      i % 50, i);
    a = read_with(as_buf_bytes(&b), &options);
    assert_true(a->portions > 3);
    assert_true(p.carried >= 50);
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 50);
    assert_int_equal(p.rows + count_of(a->facts, AS_KIND_PRIVILEGE), 20000);
    assert_string_equal(a->tool, "Volatility 3 windows.getsids");
    as_analysis_free(a);
    as_buf_done(&b);
}

static void several_tables_in_one_file_are_read(void **state)
{
    as_analysis *a = read_all("\n[" TREE_ROW(
        "a", "7", "4", "") "]\n\n[]\n\n"
                           "[{\"PID\":7,\"Process\":\"a\",\"Args\":\"a -x\",\"__children\":[]}]\n");
    const as_facts *f = a->facts;
    char pointer[64];

    (void)state;
    assert_int_equal(count_of(f, AS_KIND_PROCESS), 1);
    assert_attr(f, nth(f, AS_KIND_PROCESS, 0), AS_ATTR_COMMAND_LINE, "a -x");
    assert_string_equal(pointer_of(f, nth(f, AS_KIND_PROCESS, 0), pointer), "#2/0");
    assert_int_equal(a->gaps, 0);
    as_analysis_free(a);
}

/* A line that ends anywhere but at its end is one bad line, and no more is told of it. */
static void lines_cut_at_any_byte_tell_what_came_before(void **state)
{
    as_bytes in = load("tests/golden/logs/volatility3_lines.json");
    as_read_options forced = {.format = "volatility3"};

    (void)state;
    for (size_t n = 0; n < in.n; n++) {
        uint8_t *copy = as_mem_get(n);
        as_analysis *a = NULL;
        as_err err = {0};
        as_code rc;

        assert_non_null(copy);
        if (n)
            memcpy(copy, in.p, n);
        rc = read_report((as_bytes){copy, n}, &forced, &a, &err);
        if (rc && rc != AS_UNKNOWN)
            fail_msg("cut to %zu bytes: %s", n, err.msg);
        for (uint32_t i = 0; a && i < as_facts_count(a->facts); i++) {
            const as_fact *fact = as_facts_get(a->facts, i);

            if (!(fact->flags & AS_FACT_GONE))
                assert_true(as_fact_evidence(a->facts, fact)->end <= n);
        }
        as_analysis_free(a);
        as_mem_free(copy);
    }
    unload(in);
}

static void lines_without_memory_are_an_error(void **state)
{
    static const char *const paths[] = {"tests/golden/logs/volatility3_lines.json",
                                        "tests/golden/logs/volatility3_tables.json"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(paths); i++) {
        as_bytes in = load(paths[i]);
        as_analysis *a = NULL;
        uint64_t n = 1;
        as_code rc;

        for (;; n++) {
            as_err err = {0};

            as_mem_fail_at(n);
            rc = read_report(in, NULL, &a, &err);
            as_mem_fail_at(0);
            if (!rc)
                break;
            if (rc != AS_NOMEM || a)
                fail_msg("%s without allocation %llu: %s", paths[i], (unsigned long long)n,
                         err.msg);
        }
        assert_true(n > 10);
        as_analysis_free(a);
        unload(in);
    }
}

/* --- version 2 -------------------------------------------------------------------------- */

static const char old_columns[] = "\"columns\":[\"Process\",\"PID\",\"CommandLine\"]";
static const char old_rows[] = "\"rows\":[[\"a.exe\",12,\"a.exe -q\"],[\"b.exe\",13,\"-\"]]";

static void check_old(const char *first, const char *second)
{
    as_buf b = {0};
    as_analysis *a;
    const as_fact *p;
    char pointer[64];

    as_buf_printf(&b, "{%s,%s}", first, second);
    a = read_with(as_buf_bytes(&b), NULL);
    p = nth(a->facts, AS_KIND_PROCESS, 0);
    assert_string_equal(a->tool, "Volatility 2 cmdline");
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 2);
    assert_attr(a->facts, p, AS_ATTR_NAME, "a.exe");
    assert_attr(a->facts, p, AS_ATTR_PID, "12");
    assert_attr(a->facts, p, AS_ATTR_COMMAND_LINE, "a.exe -q");
    assert_attr(a->facts, nth(a->facts, AS_KIND_PROCESS, 1), AS_ATTR_COMMAND_LINE, "");
    assert_string_equal(pointer_of(a->facts, p, pointer), "/rows/0");
    assert_int_equal(p->n_evidence, 2);
    assert_int_equal(a->coverage.mapped_bytes, a->coverage.total_bytes);
    as_analysis_free(a);
    as_buf_done(&b);
}

static void columns_may_stand_before_the_rows_or_behind_them(void **state)
{
    (void)state;
    check_old(old_columns, old_rows);
    check_old(old_rows, old_columns);
}

static void a_table_without_columns_is_none(void **state)
{
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    assert_int_equal(read_report(AS_LITERAL("{\"rows\":[[1]]}"), NULL, &a, &err), AS_UNKNOWN);
    assert_null(a);
}

static void a_table_without_rows_says_that_it_lists_nothing(void **state)
{
    as_analysis *a = read_all("{\"columns\":[\"PID\"],\"rows\":[]}");

    (void)state;
    assert_int_equal(a->gaps, AS_GAP_EMPTY);
    as_analysis_free(a);
}

/* --- the real tables ------------------------------------------------------------------- */

static bool load_real(const char *name, as_bytes *ret)
{
    const char *data = getenv("ASSAY_DATA");
    char path[PATH_MAX];
    FILE *there;

    (void)snprintf(path, sizeof(path), "%s/reports/volatility3_forensic_platform/%s",
                   data ? data : "../shared/data", name);
    there = fopen(path, "rb");
    if (!there) {
        print_message("no '%s'\n", path);
        return false;
    }
    (void)fclose(there);
    *ret = load(path);
    return true;
}

struct tree_count {
    size_t rows, deepest;
};

static void count_rows(const struct dom *d, uint32_t array, size_t depth, struct tree_count *c)
{
    c->deepest = depth > c->deepest ? depth : c->deepest;
    for (uint32_t x = d->nodes[array].child; x; x = d->nodes[x].next) {
        uint32_t below = dom_member(d, x, "__children");

        c->rows++;
        if (below && d->nodes[below].child)
            count_rows(d, below, depth + 1, c);
    }
}

static size_t deepest_fact(const as_facts *f)
{
    size_t deepest = 0;

    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        size_t depth = 1;

        for (const as_fact *p = as_facts_get(f, i); (p = above(f, p));)
            depth++;
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

static void the_real_tree_has_all_its_processes(void **state)
{
    struct tree_count c = {0};
    as_analysis *a;
    struct dom d;
    as_bytes in;

    (void)state;
    if (!load_real("pstree.json", &in)) {
        skip();
        return; /* skip() does not come back, which its header does not say */
    }
    d = dom_of(in);
    count_rows(&d, 1, 1, &c);
    a = read_with(in, NULL);
    assert_int_equal(c.rows, 380);
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), c.rows);
    assert_int_equal(deepest_fact(a->facts), c.deepest);
    assert_int_equal(a->coverage.mapped_bytes, a->coverage.total_bytes);
    as_analysis_free(a);
    dom_done(&d);
    unload(in);
}

static void the_real_regions_are_all_there(void **state)
{
    as_analysis *a;
    as_bytes in;

    (void)state;
    if (!load_real("malfind.json", &in)) {
        skip();
        return; /* skip() does not come back, which its header does not say */
    }
    a = read_with(in, NULL);
    assert_string_equal(a->tool, "Volatility 3 windows.malfind");
    assert_int_equal(count_of(a->facts, AS_KIND_MEMORY_FINDING), 1729);
    assert_int_equal(count_of(a->facts, AS_KIND_PROCESS), 24);
    assert_int_equal(a->coverage.mapped_bytes, a->coverage.total_bytes);
    as_analysis_free(a);
    unload(in);
}

static void the_real_empty_table_is_known(void **state)
{
    as_analysis *a;
    as_bytes in;

    (void)state;
    if (!load_real("netscan.json", &in)) {
        skip();
        return; /* skip() does not come back, which its header does not say */
    }
    a = read_with(in, NULL);
    assert_int_equal(a->gaps, AS_GAP_EMPTY);
    as_analysis_free(a);
    unload(in);
}

/* All were one fact once, of a place for each row, and 65536 of them too many for any fact. */
static void one_row_many_times_over_is_read(void **state)
{
    as_read_options options = {.format = "volatility3"};
    as_buf in = {0};
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    for (unsigned i = 0; i < 70000; i++)
        as_buf_text(&in, "{\"PID\":4,\"Process\":\"System\",\"Args\":\"x y\",\"__children\":[]}\n");
    assert_false(in.failed);
    if (read_report(as_buf_bytes(&in), &options, &a, &err))
        fail_msg("%s", err.msg);
    assert_true(as_facts_get(a->facts, 0)->n_evidence <= 64);
    as_buf_done(&in);
    as_analysis_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_plugin_is_known_by_what_it_needs),
        cmocka_unit_test(names_of_columns_are_compared_without_signs_and_case),
        cmocka_unit_test(rows_below_a_row_belong_to_it),
        cmocka_unit_test(a_tree_as_deep_as_the_parser_allows_is_read_whole),
        cmocka_unit_test(rows_name_one_process_by_number_and_name),
        cmocka_unit_test(a_process_named_before_its_own_row_is_one_fact_with_it),
        cmocka_unit_test(a_row_may_name_a_process_whose_row_is_below_it),
        cmocka_unit_test(rows_of_one_process_that_differ_stay_apart),
        cmocka_unit_test(a_region_of_malfind_has_its_bytes_and_its_protection),
        cmocka_unit_test(a_row_that_lacks_columns_is_of_the_plugin_of_the_others),
        cmocka_unit_test(columns_of_an_unknown_plugin_are_kept_by_name),
        cmocka_unit_test(more_columns_than_a_fact_holds_are_its_parts),
        cmocka_unit_test(why_a_command_line_could_not_be_read_is_no_command_line),
        cmocka_unit_test(a_socket_without_a_process_belongs_to_none),
        cmocka_unit_test(an_empty_table_says_that_it_lists_nothing),
        cmocka_unit_test(a_bad_line_costs_itself_alone),
        cmocka_unit_test(what_a_bad_line_said_is_forgotten),
        cmocka_unit_test(lines_of_no_row_are_of_no_tool),
        cmocka_unit_test(lines_are_read_in_portions),
        cmocka_unit_test(several_tables_in_one_file_are_read),
        cmocka_unit_test(lines_cut_at_any_byte_tell_what_came_before),
        cmocka_unit_test(lines_without_memory_are_an_error),
        cmocka_unit_test(columns_may_stand_before_the_rows_or_behind_them),
        cmocka_unit_test(a_table_without_columns_is_none),
        cmocka_unit_test(a_table_without_rows_says_that_it_lists_nothing),
        cmocka_unit_test(the_real_tree_has_all_its_processes),
        cmocka_unit_test(the_real_regions_are_all_there),
        cmocka_unit_test(one_row_many_times_over_is_read),
        cmocka_unit_test(the_real_empty_table_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
