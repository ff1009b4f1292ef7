/*
 * The XML parser against the productions of the recommendation: what it must accept,
 * what it must refuse and at which byte; and what it says about places.
 */
#include "base/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/banned.h"

struct reading {
    as_code code;
    as_err err;
    as_buf out; /* every token, in a form that a test can compare */
};

static void put_text(as_buf *out, as_bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x20)
            as_buf_printf(out, "\\%u", text.p[i]);
        else
            as_buf_byte(out, text.p[i]);
    }
}

static void put_token(as_buf *out, const as_xml_tok *t)
{
    as_buf scratch = {0};
    as_bytes text = {0};

    switch (t->type) {
    case AS_XML_OPEN:
        as_buf_byte(out, '<');
        as_buf_add(out, t->name);
        for (size_t i = 0; i < t->n_attrs; i++) {
            assert_int_equal(as_xml_value(t->attrs[i].raw, &scratch, &text), AS_OK);
            as_buf_byte(out, ' ');
            as_buf_add(out, t->attrs[i].name);
            as_buf_byte(out, '=');
            put_text(out, text);
        }
        as_buf_byte(out, '>');
        break;
    case AS_XML_CLOSE:
        as_buf_text(out, "</");
        as_buf_add(out, t->name);
        as_buf_byte(out, '>');
        break;
    case AS_XML_TEXT:
        assert_int_equal(as_xml_text(t, &scratch, &text), AS_OK);
        as_buf_byte(out, t->cdata ? '{' : '[');
        put_text(out, text);
        as_buf_byte(out, t->cdata ? '}' : ']');
        break;
    case AS_XML_END:
        break;
    }
    as_buf_done(&scratch);
}

/* From a block that ends where the text ends, so that a sanitizer sees a read past it. */
static struct reading read_bytes(as_bytes in, const as_xml_limits *limits)
{
    struct reading r = {0};
    uint8_t *copy = as_mem_get(in.n ? in.n : 1);
    as_source *s = NULL;
    as_xml *x = NULL;
    as_xml_tok t = {0};

    assert_non_null(copy);
    if (in.n)
        memcpy(copy, in.p, in.n);
    assert_int_equal(as_source_open_bytes((as_bytes){copy, in.n}, NULL, &s, NULL), AS_OK);
    r.code = as_xml_new(s, limits, &x, &r.err);
    while (!r.code) {
        r.code = as_xml_next(x, &t, &r.err);
        if (!r.code)
            put_token(&r.out, &t);
        if (!r.code && t.type == AS_XML_END)
            break;
    }
    as_xml_free(x);
    as_source_free(s);
    as_mem_free(copy);
    return r;
}

static void assert_reads(const char *text, const char *want)
{
    struct reading r = read_bytes(as_bytes_of(text), NULL);

    if (r.code)
        fail_msg("%s: %s", text, r.err.msg);
    if (!as_bytes_is(as_buf_bytes(&r.out), want))
        fail_msg("%s: %.*s", text, (int)r.out.n, (const char *)r.out.p);
    as_buf_done(&r.out);
}

static void assert_refused_at(as_bytes in, as_code code, size_t offset)
{
    struct reading r = read_bytes(in, NULL);

    if (r.code != code || r.err.offset != offset)
        fail_msg("%.*s: %s at byte %zu: %s", (int)in.n, (const char *)in.p, as_code_name(r.code),
                 r.err.offset, r.err.msg);
    as_buf_done(&r.out);
}

static void a_document_comes_as_tokens(void **state)
{
    (void)state;
    assert_reads("<a/>", "<a></a>");
    assert_reads("<a></a>", "<a></a>");
    assert_reads("<a>x</a>", "<a>[x]</a>");
    assert_reads("<a ></a >", "<a></a>");
    assert_reads("<a\t\r\n/>", "<a></a>");
    assert_reads("<a><b/>x<b>y</b></a>", "<a><b></b>[x]<b>[y]</b></a>");
    assert_reads(" \n<a/>\t\r\n ", "<a></a>");
    assert_reads("<a> </a>", "<a>[ ]</a>");
}

static void attributes_come_in_order_with_their_values(void **state)
{
    (void)state;
    assert_reads("<a b='1' c=\"2\"/>", "<a b=1 c=2></a>");
    assert_reads("<a b = '1'\n c\t=\n\"2\" />", "<a b=1 c=2></a>");
    assert_reads("<a b=\"it's\" c='\"'/>", "<a b=it's c=\"></a>");
    assert_reads("<a b='&lt;&amp;&gt;&quot;&apos;'/>", "<a b=<&>\"'></a>");
    assert_reads("<a b='>]]>'/>", "<a b=>]]>></a>"); /* ']]>' is barred from text alone */
    assert_reads("<a b=''/>", "<a b=></a>");
    assert_reads("<a x:b='1' y:b='2'/>", "<a x:b=1 y:b=2></a>");
}

static void blanks_of_attributes_become_spaces_but_written_ones_stay(void **state)
{
    (void)state;
    assert_reads("<a b='1\t2\n3\r\n4\r5'/>", "<a b=1 2 3 4 5></a>");
    assert_reads("<a b='1&#9;2&#10;3&#xd;4'/>", "<a b=1\\92\\103\\134></a>");
}

static void line_ends_of_texts_become_line_feeds(void **state)
{
    (void)state;
    assert_reads("<a>1\r\n2\r3\n4\t5</a>", "<a>[1\\102\\103\\104\\95]</a>");
    assert_reads("<a>1&#13;&#10;2</a>", "<a>[1\\13\\102]</a>");
    assert_reads("<a><![CDATA[1\r\n2]]></a>", "<a>{1\\102}</a>");
}

static void character_references_are_characters(void **state)
{
    (void)state;
    assert_reads("<a>&#65;&#x42;&#x0000000000043;</a>", "<a>[ABC]</a>");
    assert_reads("<a>&#x4e2d;&#128512;</a>", "<a>[\xe4\xb8\xad\xf0\x9f\x98\x80]</a>");
    assert_reads("<a>&#x10FFFF;&#xFFFD;&#xD7FF;&#xE000;</a>",
                 "<a>[\xf4\x8f\xbf\xbf\xef\xbf\xbd\xed\x9f\xbf\xee\x80\x80]</a>");
    assert_reads("<a>&amp;lt;&#38;lt;</a>", "<a>[&lt;&lt;]</a>"); /* once, not twice */
}

static void cdata_holds_what_looks_like_markup(void **state)
{
    (void)state;
    assert_reads("<a><![CDATA[<b>&amp;</b>]]></a>", "<a>{<b>&amp;</b>}</a>");
    assert_reads("<a><![CDATA[]]></a>", "<a>{}</a>");
    assert_reads("<a><![CDATA[]]]]></a>", "<a>{]]}</a>");
    assert_reads("<a>x<![CDATA[y]]>z</a>", "<a>[x]{y}[z]</a>");
}

static void comments_and_instructions_are_passed_over(void **state)
{
    (void)state;
    assert_reads("<!-- a --><a><!----><?p?><!-- - <b> & --></a><!-- z --><?q x?>", "<a></a>");
    assert_reads("<a>x<!-- c -->y</a>", "<a>[x][y]</a>");
    assert_reads("<?p a?b>c?><a/>", "<a></a>");
    assert_reads("<?p ?"
                 "?><a/>",
                 "<a></a>");
    assert_reads("<?xml-stylesheet href='x'?><a/>", "<a></a>");
}

static void a_declaration_and_a_byte_order_mark_may_come_first(void **state)
{
    (void)state;
    assert_reads("<?xml version='1.0'?><a/>", "<a></a>");
    assert_reads("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<a/>", "<a></a>");
    assert_reads("\xef\xbb\xbf<a/>", "<a></a>");
    assert_reads("<?xml version='1.1' encoding='US-ASCII' standalone='yes' ?><a/>", "<a></a>");
    assert_reads("<?xml version = '1.0' standalone = 'no'?><a/>", "<a></a>");
}

static void names_may_be_of_any_script(void **state)
{
    (void)state;
    assert_reads("<_.-:1/>", "<_.-:1></_.-:1>");
    assert_reads("<:/>", "<:></:>");
    assert_reads("<\xe6\x96\x87 \xc3\xa9='1'/>", "<\xe6\x96\x87 \xc3\xa9=1></\xe6\x96\x87>");
    assert_reads("<a\xc2\xb7/>", "<a\xc2\xb7></a\xc2\xb7>");
}

static const struct {
    const char *text;
    size_t offset;
} faults[] = {
    {"", 0},
    {" ", 1},
    {"x", 0},
    {"<a/>x", 4},
    {"x<a/>", 0},
    {"&amp;<a/>", 0},
    {"<a/><b/>", 4},
    {"<a></b>", 3},
    {"<a></A>", 3},
    {"<a><b></a></b>", 6},
    {"</a>", 0},
    {"<a></a></a>", 7},
    {"< a/>", 1},
    {"<a", 2},
    {"<a>", 3},
    {"<1/>", 1},
    {"<-a/>", 1},
    {"<.a/>", 1},
    {"<\xc2\xb7/>", 1},
    {"<a\xc3\x97/>", 2},
    {"<a b/>", 4},
    {"<a b=/>", 5},
    {"<a b=1/>", 5},
    {"<a b='1\"/>", 10},
    {"<a b='1'c='2'/>", 8},
    {"<a b='1' b='2'/>", 9},
    {"<a b='<'/>", 6},
    {"<a b='&'/>", 6},
    {"<a 1='2'/>", 3},
    {"<a / >", 4},
    {"<a/ >", 3},
    {"<a></a b='1'>", 7},
    {"<a></ a>", 5},
    {"<a>&</a>", 3},
    {"<a>& </a>", 3},
    {"<a>&lt</a>", 3},
    {"<a>&LT;</a>", 3},
    {"<a>&nbsp;</a>", 3},
    {"<a>&#;</a>", 3},
    {"<a>&#x;</a>", 3},
    {"<a>&#X41;</a>", 3},
    {"<a>&#65</a>", 3},
    {"<a>&#4a;</a>", 3},
    {"<a>&#0;</a>", 3},
    {"<a>&#8;</a>", 3},
    {"<a>&#xD800;</a>", 3},
    {"<a>&#xFFFE;</a>", 3},
    {"<a>&#x110000;</a>", 3},
    {"<a>&#99999999999999999999;</a>", 3},
    {"<a>&#00000000000000000000000000000000000000000065;</a>", 3},
    {"<a>]]></a>", 3},
    {"<a>x]]]></a>", 5},
    {"<a><![CDATA[x]]</a>", 19},
    {"<a><![cdata[x]]></a>", 3},
    {"<![CDATA[x]]><a/>", 0},
    {"<a><!x></a>", 3},
    {"<a><!-- -- --></a>", 8},
    {"<a><!-- ---></a>", 8},
    {"<a><!-- ", 8},
    {"<!-x--><a/>", 0},
    {"<? p?><a/>", 2},
    {"<?p", 3},
    {"<?p x", 5},
    {"<?1 x?><a/>", 2},
    {"<?p?x?><a/>", 3},
    {"<?p+?><a/>", 3},
    {" <?xml version='1.0'?><a/>", 1},
    {"<a/><?xml version='1.0'?>", 4},
    {"<a/><?XML x?>", 4},
    {"<?xml?><a/>", 0},
    {"<?xml ?><a/>", 0},
    {"<?xml encoding='UTF-8'?><a/>", 6},
    {"<?xml version='2.0'?><a/>", 15},
    {"<?xml version='1.'?><a/>", 15},
    {"<?xml version='1.x'?><a/>", 15},
    {"<?xml version='1.0' encoding='UTF-16'?><a/>", 30},
    {"<?xml version='1.0' encoding='latin1'?><a/>", 30},
    {"<?xml version='1.0' standalone='maybe'?><a/>", 32},
    {"<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>", 36},
    {"<?xml version='1.0' other='x'?><a/>", 20},
    {"<?xml version='1.0'encoding='UTF-8'?><a/>", 19},
    {"<?xml version='1.0'><a/>", 19},
    {"\xef\xbb\xbf\xef\xbb\xbf<a/>", 3},
    {"<a>\xff</a>", 3},
    {"<a>\xc0\x80</a>", 3},
    {"<a>\xed\xa0\x80</a>", 3},
    {"<a>\xf4\x90\x80\x80</a>", 3},
    {"<a>\xe4\xb8</a>", 3},
    {"<a>\xe4\xb8", 3},
    {"<a>\xef\xbf\xbe</a>", 3},
    {"<a>\xef\xbf\xbf</a>", 3},
    {"<a>\x01</a>", 3},
    {"<a>\x1b</a>", 3},
    {"<a b='\x0c'/>", 6},
    {"<a\x01/>", 2},
    {"<!-- \x02 --><a/>", 5},
    {"\xff\xfe<\x01", 0},
};

static void what_is_not_well_formed_is_refused_where_it_stands(void **state)
{
    (void)state;
    for (size_t i = 0; i < AS_COUNT(faults); i++)
        assert_refused_at(as_bytes_of(faults[i].text), AS_INVALID, faults[i].offset);
    assert_refused_at(AS_LITERAL("<a>\0</a>"), AS_INVALID, 3);
    assert_refused_at(AS_LITERAL("\xfe\xff\0<\0a\0/\0>"), AS_INVALID, 0);
}

static void a_document_type_is_refused_before_anything_is_expanded(void **state)
{
    (void)state;
    assert_refused_at(AS_LITERAL("<!DOCTYPE a><a/>"), AS_REFUSED, 0);
    assert_refused_at(AS_LITERAL("<?xml version='1.0'?>\n<!DOCTYPE a SYSTEM 'file:///etc/passwd'>"
                                 "<a>&x;</a>"),
                      AS_REFUSED, 22);
    assert_refused_at(AS_LITERAL("<!DOCTYPE l [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><l>&b;</l>"),
                      AS_REFUSED, 0);
    assert_refused_at(AS_LITERAL("<a><!DOCTYPE a></a>"), AS_REFUSED, 3);
}

static void a_document_cut_anywhere_is_invalid(void **state)
{
    as_bytes in = AS_LITERAL("\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?><!-- c -->"
                             "<a b='1&amp;2' \xc3\xa9=\"\xe4\xb8\xad\">t&#x20;u<?p q?>"
                             "<c/><![CDATA[x]y]]]></a>");

    (void)state;
    for (size_t n = 0; n < in.n; n++) {
        struct reading r = read_bytes((as_bytes){in.p, n}, NULL);

        if (r.code != AS_INVALID || r.err.offset > n)
            fail_msg("cut to %zu bytes: %s at byte %zu: %s", n, as_code_name(r.code), r.err.offset,
                     r.err.msg);
        as_buf_done(&r.out);
    }
    assert_reads((const char *)in.p, "<a b=1&2 \xc3\xa9=\xe4\xb8\xad>[t u]<c></c>{x]y]}</a>");
}

static void places_are_those_of_the_bytes(void **state)
{
    static const char text[] = "\xef\xbb\xbf<a>\n <b x='1' y = \"2\"/>t<!-- --><c>u</c></a>";
    as_source *s = NULL;
    as_xml *x = NULL;
    as_xml_tok t;
    as_bytes value;

    (void)state;
    assert_int_equal(as_source_open_bytes(as_bytes_of(text), NULL, &s, NULL), AS_OK);
    assert_int_equal(as_xml_new(s, NULL, &x, NULL), AS_OK);
    assert_int_equal(as_xml_next(x, &t, NULL), AS_OK);
    assert_true(t.type == AS_XML_OPEN && t.begin == 3 && t.end == 6 && t.index == 1);
    assert_int_equal(as_xml_next(x, &t, NULL), AS_OK);
    assert_true(t.type == AS_XML_TEXT && t.begin == 6 && t.end == 8);
    assert_int_equal(as_xml_next(x, &t, NULL), AS_OK);
    assert_true(t.type == AS_XML_OPEN && t.begin == 8 && t.end == 26 && t.index == 1);
    assert_int_equal(as_xml_depth(x), 2);
    assert_memory_equal(text + t.attrs[0].begin, "x='1'", 5);
    assert_int_equal(t.attrs[0].end - t.attrs[0].begin, 5);
    assert_memory_equal(text + t.attrs[1].begin, "y = \"2\"", 7);
    assert_int_equal(t.attrs[1].end - t.attrs[1].begin, 7);
    assert_true(as_xml_attr_of(&t, "y", &value) && as_bytes_is(value, "2"));
    assert_false(as_xml_attr_of(&t, "z", &value));
    assert_int_equal(as_xml_next(x, &t, NULL), AS_OK);
    assert_true(t.type == AS_XML_CLOSE && t.begin == 8 && t.end == 26 && t.index == 1);
    assert_int_equal(as_xml_next(x, &t, NULL), AS_OK);
    assert_true(t.type == AS_XML_TEXT && t.begin == 26 && t.end == 27);
    assert_int_equal(as_xml_next(x, &t, NULL), AS_OK);
    assert_true(t.type == AS_XML_OPEN && t.index == 2 && as_bytes_is(t.name, "c"));
    assert_int_equal(as_xml_skip(x, &t, NULL), AS_OK);
    assert_true(t.type == AS_XML_CLOSE && t.index == 2 && text[t.begin] == '<');
    assert_memory_equal(text + t.begin, "<c>u</c>", 8);
    assert_int_equal(t.end - t.begin, 8);
    assert_int_equal(as_xml_next(x, &t, NULL), AS_OK);
    assert_true(t.type == AS_XML_CLOSE && t.begin == 3 && t.end == sizeof(text) - 1);
    assert_int_equal(as_xml_depth(x), 0);
    assert_int_equal(as_xml_next(x, &t, NULL), AS_OK);
    assert_true(t.type == AS_XML_END);
    as_xml_free(x);
    as_source_free(s);
}

static void assert_limit(const char *text, as_xml_limits limits, bool over)
{
    struct reading r = read_bytes(as_bytes_of(text), &limits);

    if (r.code != (over ? AS_LIMIT : AS_OK))
        fail_msg("%s: %s: %s", text, as_code_name(r.code), r.err.msg);
    as_buf_done(&r.out);
}

static void each_limit_is_kept_exactly(void **state)
{
    const as_xml_limits l = {
        .depth_max = 2, .name_max = 3, .attrs_max = 2, .value_max = 4, .text_max = 5};

    (void)state;
    assert_limit("<a><b/></a>", l, false);
    assert_limit("<a><b><c/></b></a>", l, true);
    assert_limit("<abc/>", l, false);
    assert_limit("<abcd/>", l, true);
    assert_limit("<a abc='1'/>", l, false);
    assert_limit("<a abcd='1'/>", l, true);
    assert_limit("<a b='1' c='2'/>", l, false);
    assert_limit("<a b='1' c='2' d='3'/>", l, true);
    assert_limit("<a b='1234'/>", l, false);
    assert_limit("<a b='12345'/>", l, true);
    assert_limit("<a>12345</a>", l, false);
    assert_limit("<a>123456</a>", l, true);
    assert_limit("<a><!--12345--></a>", l, false);
    assert_limit("<a><!--123456--></a>", l, true);
    assert_limit("<a><![CDATA[12345]]></a>", l, false);
    assert_limit("<a><![CDATA[123456]]></a>", l, true);
    assert_limit("<a><?p 1234?></a>", l, false);
    assert_limit("<a><?p 12345?></a>", l, true);
}

static void nesting_beyond_the_default_is_refused(void **state)
{
    as_buf b = {0};
    struct reading r;

    (void)state;
    for (int i = 0; i < 5000; i++)
        as_buf_text(&b, "<a>");
    r = read_bytes(as_buf_bytes(&b), NULL);
    assert_int_equal(r.code, AS_LIMIT);
    assert_int_equal(r.err.offset, 256 * 3);
    as_buf_done(&r.out);
    as_buf_done(&b);
}

/* Longer than the window several times over, with something at every edge of it. */
static void a_long_document_reads_the_same(void **state)
{
    as_buf in = {0}, want = {0};
    struct reading r;

    (void)state;
    as_buf_text(&in, "<r>");
    as_buf_text(&want, "<r>");
    for (int i = 0; i < 40000; i++) {
        as_buf_printf(&in, "<e n=\"%d\" v=\"&lt;\xe4\xb8\xad%*s\"/>\r\n", i, i % 61, "");
        as_buf_printf(&want, "<e n=%d v=<\xe4\xb8\xad%*s></e>[\\10]", i, i % 61, "");
    }
    as_buf_text(&in, "<!--");
    as_buf_fill(&in, ' ', 300000);
    as_buf_text(&in, "--><t x='");
    as_buf_fill(&in, 'y', 700000);
    as_buf_text(&in, "'>");
    as_buf_fill(&in, 'z', 600000);
    as_buf_text(&in, "</t></r>");
    as_buf_text(&want, "<t x=");
    as_buf_fill(&want, 'y', 700000);
    as_buf_text(&want, ">[");
    as_buf_fill(&want, 'z', 600000);
    as_buf_text(&want, "]</t></r>");
    r = read_bytes(as_buf_bytes(&in), NULL);
    if (r.code)
        fail_msg("%s", r.err.msg);
    assert_int_equal(r.out.n, want.n);
    assert_memory_equal(r.out.p, want.p, want.n);
    as_buf_done(&r.out);
    as_buf_done(&in);
    as_buf_done(&want);
}

static void a_failure_stays(void **state)
{
    as_source *s = NULL;
    as_xml *x = NULL;
    as_xml_tok t;
    as_err first = {0}, again = {0};

    (void)state;
    assert_int_equal(as_source_open_bytes(AS_LITERAL("<a></b>"), NULL, &s, NULL), AS_OK);
    assert_int_equal(as_xml_new(s, NULL, &x, NULL), AS_OK);
    assert_int_equal(as_xml_next(x, &t, NULL), AS_OK);
    assert_int_equal(as_xml_next(x, &t, &first), AS_INVALID);
    assert_int_equal(as_xml_next(x, &t, &again), AS_INVALID);
    assert_string_equal(first.msg, again.msg);
    assert_int_equal(first.offset, again.offset);
    as_xml_free(x);
    as_source_free(s);
}

static void each_allocation_that_fails_is_no_memory(void **state)
{
    as_buf in = {0};
    size_t failures = 0;

    (void)state;
    as_buf_text(&in, "<r x='");
    as_buf_fill(&in, 'y', 400000);
    as_buf_text(&in, "'");
    for (int i = 0; i < 100; i++)
        as_buf_printf(&in, " a%d='1'", i);
    as_buf_text(&in, "/>");
    for (uint64_t n = 1;; n++) {
        as_source *s = NULL;
        as_xml *x = NULL;
        as_xml_tok t = {0};
        as_code rc;

        assert_int_equal(as_source_open_bytes(as_buf_bytes(&in), NULL, &s, NULL), AS_OK);
        as_mem_fail_at(n);
        rc = as_xml_new(s, NULL, &x, NULL);
        while (!rc && t.type != AS_XML_CLOSE)
            rc = as_xml_next(x, &t, NULL);
        as_mem_fail_at(0);
        as_xml_free(x);
        as_source_free(s);
        if (!rc)
            break;
        assert_int_equal(rc, AS_NOMEM);
        failures++;
    }
    assert_true(failures >= 5);
    as_buf_done(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_comes_as_tokens),
        cmocka_unit_test(attributes_come_in_order_with_their_values),
        cmocka_unit_test(blanks_of_attributes_become_spaces_but_written_ones_stay),
        cmocka_unit_test(line_ends_of_texts_become_line_feeds),
        cmocka_unit_test(character_references_are_characters),
        cmocka_unit_test(cdata_holds_what_looks_like_markup),
        cmocka_unit_test(comments_and_instructions_are_passed_over),
        cmocka_unit_test(a_declaration_and_a_byte_order_mark_may_come_first),
        cmocka_unit_test(names_may_be_of_any_script),
        cmocka_unit_test(what_is_not_well_formed_is_refused_where_it_stands),
        cmocka_unit_test(a_document_type_is_refused_before_anything_is_expanded),
        cmocka_unit_test(a_document_cut_anywhere_is_invalid),
        cmocka_unit_test(places_are_those_of_the_bytes),
        cmocka_unit_test(each_limit_is_kept_exactly),
        cmocka_unit_test(nesting_beyond_the_default_is_refused),
        cmocka_unit_test(a_long_document_reads_the_same),
        cmocka_unit_test(a_failure_stays),
        cmocka_unit_test(each_allocation_that_fails_is_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
