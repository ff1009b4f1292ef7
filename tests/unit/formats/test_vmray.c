/*
 * VMRay's flog.xml: what is read from it, that its evidence is where it says and holds
 * what the fact says, and that it is read or refused whatever happens to it. The
 * summary_v2.json is among the golden cases; here both real files are read.
 */
#include "unit/formats/reports.h"

#include "base/xml.h"
#include "formats/vmray_priv.h"

#include "base/banned.h"

#define REAL "capa-testfiles/dynamic/vmray"

static const char flog[] =
    "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!-- invented -->\n"
    "<analysis log_version=\"2\" analyzer_version=\"2024.1.1\" analysis_date=\"05.03.2024\">\n"
    "<monitor_process ts=\"10\" process_id=\"1\" image_name=\"a.exe\" "
    "filename=\"c:\\\\temp\\\\a.exe\" page_root=\"0x1000\" os_pid=\"0x1004\" "
    "monitor_reason=\"analysis_target\" parent_id=\"0\" os_parent_pid=\"0x0\" "
    "cmd_line=\"&quot;C:\\\\Temp\\\\a.exe&quot; &lt;x&gt; \\xe9 &#20013;\" bitness=\"64\"/>\n"
    "<monitor_thread ts=\"11\" thread_id=\"7\" process_id=\"1\" os_tid=\"0x20\"/>\n"
    "<new_region ts=\"12\" region_id=\"3\" process_id=\"1\" start_va=\"0x400000\" "
    "end_va=\"0x40ffff\" entry_point=\"0x0\" region_type=\"mapped_file\" name=\"a.exe\" "
    "filename=\"\\\\Temp\\\\a.exe\" normalized_filename=\"c:\\\\temp\\\\a.exe\"/>\n"
    "<fncall ts=\"13\" fncall_id=\"1\" process_id=\"1\" thread_id=\"7\" name=\"CreateFileW\" "
    "addr=\"0x7ff0\" from=\"0x401000\">\n"
    "\t<in><param name=\"lpFileName\" type=\"ptr\" value=\"0x5000\">"
    "<deref type=\"str\" value=\"C:\\\\x\\x00y\"/></param>"
    "<param name=\"dwFlags\" type=\"unsigned_32bit\" value=\"0x80\"/></in>\n"
    "\t<out><param name=\"si\" type=\"ptr\" value=\"0x6000\"><deref type=\"container\">"
    "<member name=\"cb\" type=\"unsigned_32bit\" value=\"0x68\"/>"
    "<member name=\"title\" type=\"ptr\" value=\"0x6010\"><deref type=\"str\" "
    "value=\"T\"/></member>"
    "</deref></param>"
    "<param name=\"ret_val\" type=\"ptr\" value=\"0x44\"><deref type=\"str\" value=\"ok\"/></param>"
    "</out>\n</fncall>\n"
    "<fnret ts=\"14\" fncall_id=\"1\" addr=\"0x1\" from=\"0x2\"/>\n"
    "<monitor_process ts=\"15\" process_id=\"2\" image_name=\"b.exe\" os_pid=\"4200\" "
    "parent_id=\"1\" os_parent_pid=\"0x1004\"/>\n"
    "<fncall ts=\"16\" fncall_id=\"2\" process_id=\"2\" thread_id=\"8\" name=\"Sleep\"/>\n"
    "<fncall ts=\"17\" fncall_id=\"3\" process_id=\"1\" thread_id=\"7\" name=\"Sleep\"/>\n"
    "<fncall ts=\"18\" fncall_id=\"4\" process_id=\"9\" thread_id=\"9\" name=\"Lost\"/>\n"
    "<novelty a=\"1\"><b/></novelty>\n"
    "<unmonitor_thread ts=\"19\" thread_id=\"7\"/>\n"
    "<remove_region ts=\"20\" region_id=\"3\"/>\n"
    "<remove_region ts=\"20\" region_id=\"99\"/>\n"
    "<unmonitor_process ts=\"21\" process_id=\"1\"/>\n"
    "</analysis>\n";

static as_bytes flog_bytes(void)
{
    return (as_bytes){(const uint8_t *)flog, sizeof(flog) - 1};
}

/* --- an oracle of its own for places and texts -------------------------------------------- */

/* The n-th element below the root, from 1; for input that is known to be well formed. */
static bool element_at(as_bytes in, uint64_t begin, uint64_t end, uint64_t number)
{
    size_t at = 0, depth = 0, from = 0;
    uint64_t n = 0;

    while (at < in.n) {
        const uint8_t *lt = memchr(in.p + at, '<', in.n - at), *gt;
        bool close, empty;

        if (!lt)
            break;
        at = (size_t)(lt - in.p);
        if (lt[1] == '?' || lt[1] == '!') { /* none in these inputs holds a '>' within */
            gt = memchr(lt, '>', in.n - at);
            at = (size_t)(gt - in.p) + 1;
            continue;
        }
        gt = lt;
        for (uint8_t quote = 0; *gt != '>' || quote; gt++) {
            if (quote ? *gt == quote : *gt == '"' || *gt == '\'')
                quote = quote ? 0 : *gt;
        }
        close = lt[1] == '/';
        empty = gt[-1] == '/';
        if (!close && depth == 1) {
            n++;
            from = at;
        }
        depth += !close && !empty;
        depth -= close;
        at = (size_t)(gt - in.p) + 1;
        if (depth == 1 && (close || empty) && n == number)
            return from == begin && at == end;
    }
    return false;
}

/* All the bytes of an element with XML's references and VMRay's escapes undone. */
static as_bytes decoded(as_bytes in, as_buf *once, as_buf *twice)
{
    as_bytes text = {0}, ret = {0};

    assert_int_equal(as_xml_value(in, once, &text), AS_OK);
    assert_int_equal(as_vmray_unescape(text, twice, &ret), AS_OK);
    return ret;
}

static bool holds(as_bytes text, as_bytes value)
{
    char hex[32];
    uint64_t n;

    if (value.n <= text.n && (!value.n || memmem(text.p, text.n, value.p, value.n)))
        return true;
    if (!as_bytes_u64(value, &n)) /* 0x.. is told as a decimal number */
        return false;
    (void)snprintf(hex, sizeof(hex), "\"0x%llx\"", (unsigned long long)n);
    return memmem(text.p, text.n, hex, strlen(hex)) != NULL;
}

static bool is_counted(const as_fact *fact, unsigned name)
{
    return (fact->kind == AS_KIND_API_TRACE || fact->kind == AS_KIND_API_USE) &&
           name == AS_ATTR_COUNT;
}

static bool is_held(as_bytes in, const as_facts *f, const as_fact *fact, as_bytes value)
{
    const as_evidence *e = as_fact_evidence(f, fact);
    as_buf once = {0}, twice = {0};
    bool found = false;

    for (size_t i = 0; i < fact->n_evidence && !found; i++)
        found = holds(
            decoded((as_bytes){in.p + e[i].begin, (size_t)(e[i].end - e[i].begin)}, &once, &twice),
            value);
    as_buf_done(&once);
    as_buf_done(&twice);
    return found;
}

static void check_place(as_bytes in, const as_facts *f, const as_evidence *e)
{
    as_buf pointer = {0};
    uint64_t number = 0;

    as_facts_pointer(f, e, &pointer);
    assert_true(e->begin < e->end && e->end <= in.n);
    assert_true(in.p[e->begin] == '<' && in.p[e->end - 1] == '>');
    if (pointer.n) {
        assert_int_equal(pointer.p[0], '#');
        assert_true(as_bytes_u64((as_bytes){pointer.p + 1, pointer.n - 1}, &number));
        assert_true(element_at(in, e->begin, e->end, number));
    } else {
        assert_memory_equal(in.p + e->begin, "<analysis", 9);
        assert_memory_equal(in.p + e->end - 11, "</analysis>", 11);
    }
    as_buf_done(&pointer);
}

static size_t check_facts(as_bytes in, const as_facts *f)
{
    size_t checked = 0;

    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        const as_attr *attrs = as_fact_attrs(f, fact);

        if (fact->flags & AS_FACT_GONE)
            continue;
        assert_true(fact->n_evidence >= 1);
        for (size_t k = 0; k < fact->n_evidence; k++)
            check_place(in, f, &as_fact_evidence(f, fact)[k]);
        for (size_t k = 0; k < fact->n_attrs; k++) {
            as_bytes value = as_facts_text(f, attrs[k].str);

            if (!is_counted(fact, attrs[k].name) && !is_held(in, f, fact, value))
                fail_msg("fact %u (%s): no evidence holds its %s '%.*s'", i,
                         as_kind_get((as_kind)fact->kind)->name,
                         as_attr_get((as_attr_name)attrs[k].name)->name, (int)value.n,
                         (const char *)value.p);
        }
        checked++;
    }
    return checked;
}

static size_t count_kind(const as_facts *f, as_kind kind)
{
    size_t n = 0;

    for (uint32_t i = 0; i < as_facts_count(f); i++)
        n += as_facts_get(f, i)->kind == kind && !(as_facts_get(f, i)->flags & AS_FACT_GONE);
    return n;
}

static void assert_attr(const as_facts *f, uint32_t fact, as_attr_name name, const char *want)
{
    as_bytes text = as_fact_text(f, as_facts_get(f, fact), name);

    if (!as_bytes_is(text, want))
        fail_msg("%s: '%.*s', not '%s'", as_attr_get(name)->name, (int)text.n, (const char *)text.p,
                 want);
}

/* --- what is read --------------------------------------------------------------------------- */

static as_analysis *read_flog(void)
{
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(flog_bytes(), NULL, &a, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(a->tool, "VMRay");
    return a;
}

static void processes_have_the_numbers_of_the_guest(void **state)
{
    as_analysis *a = read_flog();
    const as_facts *f = a->facts;
    uint32_t first = as_facts_first(f, AS_KIND_PROCESS), second = first + 1;

    (void)state;
    assert_int_equal(count_kind(f, AS_KIND_PROCESS), 2);
    assert_attr(f, first, AS_ATTR_PID, "4100");
    assert_attr(f, first, AS_ATTR_NAME, "a.exe");
    assert_attr(f, first, AS_ATTR_PATH, "c:\\temp\\a.exe");
    assert_attr(f, first, AS_ATTR_COMMAND_LINE, "\"C:\\Temp\\a.exe\" <x> \xc3\xa9 \xe4\xb8\xad");
    assert_attr(f, first, AS_ATTR_PPID, ""); /* 0 is nobody */
    assert_attr(f, first, AS_ATTR_ENDED, "21");
    while (as_facts_get(f, second)->kind != AS_KIND_PROCESS)
        second++;
    assert_attr(f, second, AS_ATTR_PID, "4200");
    assert_attr(f, second, AS_ATTR_PPID, "4100");
    assert_int_equal(as_fact_parent(f, as_facts_get(f, second)), first);
    assert_attr(f, as_facts_first(f, AS_KIND_ANALYSIS), AS_ATTR_VERSION, "2024.1.1");
    as_analysis_free(a);
}

static void threads_and_regions_belong_to_their_process(void **state)
{
    as_analysis *a = read_flog();
    const as_facts *f = a->facts;
    uint32_t process = as_facts_first(f, AS_KIND_PROCESS);
    uint32_t region = as_facts_first(f, AS_KIND_MEMORY_REGION);
    uint32_t event = as_facts_first(f, AS_KIND_EVENT);

    (void)state;
    assert_int_equal(as_fact_parent(f, as_facts_get(f, region)), process);
    assert_attr(f, region, AS_ATTR_ADDRESS, "0x400000");
    assert_attr(f, region, AS_ATTR_TO, "0x40ffff");
    assert_attr(f, region, AS_ATTR_PATH, "c:\\temp\\a.exe");
    assert_attr(f, region, AS_ATTR_ENTRYPOINT, "");
    assert_attr(f, region, AS_ATTR_ENDED, "20");
    assert_int_equal(count_kind(f, AS_KIND_MEMORY_REGION), 2); /* the other began unseen */
    assert_attr(f, event, AS_ATTR_OPERATION, "monitor_thread");
    assert_attr(f, event, AS_ATTR_TID, "32");
    assert_int_equal(count_kind(f, AS_KIND_EVENT), 2);
    for (; as_facts_get(f, event)->kind == AS_KIND_EVENT; event++)
        assert_int_equal(as_fact_parent(f, as_facts_get(f, event)), process);
    as_analysis_free(a);
}

static void put(as_buf *out, const char *name, as_bytes text)
{
    as_buf_printf(out, " %s=", name);
    for (size_t i = 0; i < text.n; i++)
        as_buf_byte(out, text.p[i] ? text.p[i] : '0');
}

static as_code tell(void *ctx, const as_call *c, as_err *err)
{
    as_buf *out = ctx;

    (void)err;
    as_buf_printf(out, "#%llu", (unsigned long long)c->index);
    put(out, "api", c->api);
    put(out, "time", c->time);
    put(out, "thread", c->thread);
    put(out, "id", c->id);
    put(out, "caller", c->caller);
    put(out, "ret", c->ret);
    put(out, "pretty", c->pretty_ret);
    for (size_t i = 0; i < c->n_args; i++) {
        put(out, c->args[i].out ? "out" : "in", c->args[i].name);
        put(out, "value", c->args[i].value);
        put(out, "pretty", c->args[i].pretty);
    }
    as_buf_byte(out, '\n');
    return AS_OK;
}

static void calls_have_their_parameters_before_and_after(void **state)
{
    static const char want[] =
        "#4 api=CreateFileW time=13 thread=7 id=1 caller=0x401000 ret=0x44 pretty=ok"
        " in=lpFileName value=0x5000 pretty=C:\\x0y in=dwFlags value=0x80 pretty="
        " out=si value=0x6000 pretty= out=si.cb value=0x68 pretty="
        " out=si.title value=0x6010 pretty=T\n"
        "#7 api=Sleep time=16 thread=8 id=2 caller= ret= pretty=\n"
        "#8 api=Sleep time=17 thread=7 id=3 caller= ret= pretty=\n"
        "#9 api=Lost time=18 thread=9 id=4 caller= ret= pretty=\n";
    as_buf out = {0};
    as_read_options options = {.on_call = tell, .call_ctx = &out};
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    assert_int_equal(read_report(flog_bytes(), &options, &a, &err), AS_OK);
    assert_int_equal(a->calls, 4);
    as_buf_byte(&out, '\0');
    assert_string_equal((const char *)out.p, want);
    assert_int_equal(count_kind(a->facts, AS_KIND_API_TRACE), 3);
    assert_int_equal(count_kind(a->facts, AS_KIND_API_USE), 4);
    as_analysis_free(a);
    as_buf_done(&out);
}

static void what_is_not_read_is_counted(void **state)
{
    as_analysis *a = read_flog();
    const as_coverage *c = &a->coverage;
    uint64_t sum = c->mapped_bytes;
    bool novelty = false, returns = false;

    (void)state;
    for (size_t i = 0; i < c->n; i++) {
        as_bytes path = as_facts_text(a->facts, c->rows[i].path);

        sum += c->rows[i].bytes;
        novelty = novelty || (as_bytes_is(path, "/novelty") && !c->rows[i].known);
        returns = returns || (as_bytes_is(path, "/fnret") && c->rows[i].known);
    }
    assert_true(novelty && returns);
    assert_int_equal(sum, sizeof(flog) - 1);
    as_analysis_free(a);
}

static void evidence_is_where_it_says_and_holds_the_values(void **state)
{
    as_analysis *a = read_flog();

    (void)state;
    assert_true(check_facts(flog_bytes(), a->facts) > 15);
    as_analysis_free(a);
}

static void escapes_are_undone_once(void **state)
{
    static const struct {
        const char *raw, *want;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"a\\\\b", "a\\b"},
        {"\\\\\\\\x41", "\\\\x41"},
        {"\\\\x41", "\\x41"},
        {"\\x41", "A"},
        {"\\xE9", "\xc3\xa9"},
        {"\\xe", "\\xe"},
        {"\\xg0", "\\xg0"},
        {"\\n", "\\n"},
        {"\\", "\\"},
        {"a\\", "a\\"},
    };
    as_buf scratch = {0};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_bytes got = {0};

        assert_int_equal(as_vmray_unescape(as_bytes_of(cases[i].raw), &scratch, &got), AS_OK);
        if (!as_bytes_is(got, cases[i].want))
            fail_msg("%s: %.*s", cases[i].raw, (int)got.n, (const char *)got.p);
    }
    as_buf_done(&scratch);
}

/* --- what is refused -------------------------------------------------------------------------- */

static void a_log_cut_at_any_byte_is_refused(void **state)
{
    as_bytes in = flog_bytes();

    (void)state;
    for (size_t n = 0; n + 1 < in.n; n++) {
        uint8_t *copy = as_mem_get(n ? n : 1);
        as_analysis *a = NULL;
        as_err err = {0};
        as_code rc;

        assert_non_null(copy);
        memcpy(copy, in.p, n);
        rc = read_report((as_bytes){copy, n}, NULL, &a, &err);
        if ((rc != AS_INVALID && rc != AS_UNKNOWN) || a ||
            (err.offset > n && err.offset != AS_NO_OFFSET))
            fail_msg("cut to %zu bytes: %s: %s", n, as_code_name(rc), err.msg);
        as_mem_free(copy);
    }
}

static void any_byte_may_be_another(void **state)
{
    as_bytes in = flog_bytes();
    uint8_t *copy = as_mem_get(in.n);
    static const uint8_t others[] = {'<', '>', '"', '&', '/', '\\', ' ', 'x', 0, 0xff};

    (void)state;
    assert_non_null(copy);
    memcpy(copy, in.p, in.n);
    for (size_t at = 0; at < in.n; at++) {
        for (size_t k = 0; k < sizeof(others); k++) {
            as_analysis *a = NULL;
            as_err err = {0};
            as_code rc;

            copy[at] = others[k];
            rc = read_report((as_bytes){copy, in.n}, NULL, &a, &err);
            if (rc && (rc != AS_INVALID && rc != AS_UNKNOWN && rc != AS_REFUSED))
                fail_msg("%02x at byte %zu: %s", others[k], at, err.msg);
            as_analysis_free(a);
        }
        copy[at] = in.p[at];
    }
    as_mem_free(copy);
}

static void entities_are_never_resolved(void **state)
{
    as_bytes in = AS_LITERAL("<?xml version=\"1.0\"?><!DOCTYPE analysis [<!ENTITY x SYSTEM "
                             "\"file:///etc/passwd\">]><analysis log_version=\"2\">&x;</analysis>");
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    assert_int_equal(read_report(in, NULL, &a, &err), AS_REFUSED);
    assert_int_equal(err.offset, 21);
    assert_non_null(strstr(err.msg, "document type"));
}

static void nesting_beyond_the_limit_is_refused(void **state)
{
    as_buf b = {0};
    as_analysis *a = NULL;
    as_err err = {0};

    (void)state;
    as_buf_text(&b, "<analysis log_version=\"2\"><fncall name=\"f\"><in><param name=\"p\">");
    for (int i = 0; i < 1000; i++)
        as_buf_text(&b, "<deref><member name=\"m\">");
    assert_int_equal(read_report(as_buf_bytes(&b), NULL, &a, &err), AS_LIMIT);
    as_buf_done(&b);
}

static void each_allocation_that_fails_is_no_memory(void **state)
{
    as_buf out = {0};
    as_read_options options = {.on_call = tell, .call_ctx = &out};
    as_analysis *a = NULL;
    size_t failures = 0;
    as_code rc;

    (void)state;
    (void)as_buf_room(&out, 1 << 16); /* so that the test's own texts need none */
    for (uint64_t n = 1;; n++) {
        as_buf_reset(&out);
        as_mem_fail_at(n);
        rc = read_report(flog_bytes(), &options, &a, NULL);
        as_mem_fail_at(0);
        if (!rc)
            break;
        assert_int_equal(rc, AS_NOMEM);
        failures++;
    }
    assert_true(failures > 20);
    as_analysis_free(a);
    as_buf_done(&out);
}

static void facts_beyond_the_memory_limit_are_refused(void **state)
{
    as_read_options options = {.memory = 1};
    as_analysis *a = NULL;
    size_t refused = 0;
    as_code rc;

    (void)state;
    do {
        as_err err = {0};

        rc = read_report(flog_bytes(), &options, &a, &err);
        if (rc && rc != AS_LIMIT)
            fail_msg("with %zu bytes: %s", options.memory, err.msg);
        refused += rc != AS_OK;
        options.memory += 64;
    } while (rc);
    assert_true(refused > 5);
    as_analysis_free(a);
}

/* --- the real files ------------------------------------------------------------------------------
 */

struct real {
    as_analysis *flog, *summary;
    as_bytes flog_in;
};

static void read_real(struct real *r, const char *path)
{
    as_bytes in = load(path);
    as_analysis *a = NULL;
    as_err err = {0};

    if (read_report(in, NULL, &a, &err))
        fail_msg("%s: %s", path, err.msg);
    print_message("%s: %.1f %% mapped\n", strrchr(path, '/') + 1,
                  100.0 * (double)a->coverage.mapped_bytes / (double)a->coverage.total_bytes);
    for (size_t i = 0; i < a->coverage.n; i++) {
        as_bytes row = as_facts_text(a->facts, a->coverage.rows[i].path);

        if (!a->coverage.rows[i].known)
            fail_msg("%s: not mapped: %.*s", path, (int)row.n, (const char *)row.p);
    }
    if (ends_with(path, "flog.xml")) {
        r->flog = a;
        r->flog_in = in;
    } else {
        r->summary = a;
        unload(in);
    }
}

static void find_real(struct real *r, const char *folder)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        char path[PATH_MAX];

        (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
        if (entries[i]->d_type == DT_DIR && name[0] != '.')
            find_real(r, path);
        else if (!strcmp(name, "flog.xml") || !strcmp(name, "summary_v2.json"))
            read_real(r, path);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

static void the_real_files_are_read_whole(void **state)
{
    const char *data = getenv("ASSAY_DATA");
    struct real r = {0};
    char folder[PATH_MAX];

    (void)state;
    (void)snprintf(folder, sizeof(folder), "%s/reports/" REAL, data ? data : "../shared/data");
    find_real(&r, folder);
    if (!r.flog || !r.summary) {
        print_message("no real VMRay files under '%s'\n", folder);
        skip();
    }
    /* Counted in the files by other means. */
    assert_int_equal(r.flog->calls, 197);
    assert_int_equal(count_kind(r.flog->facts, AS_KIND_PROCESS), 2);
    assert_int_equal(count_kind(r.flog->facts, AS_KIND_MEMORY_REGION), 190);
    assert_int_equal(count_kind(r.flog->facts, AS_KIND_EVENT), 19 + 5);
    assert_int_equal(count_kind(r.flog->facts, AS_KIND_API_USE), 37);
    assert_true(check_facts(r.flog_in, r.flog->facts) > 200);
    assert_true(r.flog->coverage.mapped_bytes * 100 > r.flog->coverage.total_bytes * 85);
    assert_int_equal(count_kind(r.summary->facts, AS_KIND_PROCESS), 1);
    assert_int_equal(count_kind(r.summary->facts, AS_KIND_MEMORY_REGION), 71);
    assert_int_equal(count_kind(r.summary->facts, AS_KIND_PROCESS_DUMP), 13);
    assert_int_equal(count_kind(r.summary->facts, AS_KIND_SIGNATURE), 1);
    assert_int_equal(count_kind(r.summary->facts, AS_KIND_DNS), 5);
    assert_int_equal(count_kind(r.summary->facts, AS_KIND_PE_IMPORT), 74);
    assert_true(r.summary->coverage.mapped_bytes * 100 > r.summary->coverage.total_bytes * 55);
    assert_attr(r.summary->facts, r.summary->sample, AS_ATTR_NAME, "070824-attachment.exe");
    /* Both name the process alike. */
    assert_attr(r.summary->facts, as_facts_first(r.summary->facts, AS_KIND_PROCESS), AS_ATTR_PID,
                "2932");
    assert_attr(r.flog->facts, as_facts_first(r.flog->facts, AS_KIND_PROCESS), AS_ATTR_PID, "2932");
    as_analysis_free(r.flog);
    as_analysis_free(r.summary);
    unload(r.flog_in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processes_have_the_numbers_of_the_guest),
        cmocka_unit_test(threads_and_regions_belong_to_their_process),
        cmocka_unit_test(calls_have_their_parameters_before_and_after),
        cmocka_unit_test(what_is_not_read_is_counted),
        cmocka_unit_test(evidence_is_where_it_says_and_holds_the_values),
        cmocka_unit_test(escapes_are_undone_once),
        cmocka_unit_test(a_log_cut_at_any_byte_is_refused),
        cmocka_unit_test(any_byte_may_be_another),
        cmocka_unit_test(entities_are_never_resolved),
        cmocka_unit_test(nesting_beyond_the_limit_is_refused),
        cmocka_unit_test(each_allocation_that_fails_is_no_memory),
        cmocka_unit_test(facts_beyond_the_memory_limit_are_refused),
        cmocka_unit_test(the_real_files_are_read_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
