/*
 * json_cases - RFC 8259 as a table of small inputs, written clause by clause.
 *
 * YES: the grammar allows it. NO: the grammar forbids it; the offset is that of
 * the first byte that cannot continue any valid text, or the length if the text
 * just ends too early. MAY: the RFC leaves it open, and assay accepts it.
 */
#ifndef AS_TEST_JSON_CASES_H
#define AS_TEST_JSON_CASES_H

#include <stddef.h>

enum json_verdict { JSON_YES, JSON_NO, JSON_MAY };

struct json_case {
    const char *text;
    size_t n;
    enum json_verdict verdict;
    size_t offset;
};

#define YES(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1, JSON_YES, 0                                                        \
    }
#define MAY(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1, JSON_MAY, 0                                                        \
    }
#define NO(at, text)                                                                               \
    {                                                                                              \
        text, sizeof(text) - 1, JSON_NO, at                                                        \
    }
#define CUT(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1, JSON_NO, sizeof(text) - 1                                          \
    }

/* clang-format off */
static const struct json_case json_cases[] = {
    /* Section 2: any value may be the text; blanks around every structural character. */
    YES("{}"), YES("[]"), YES("0"), YES("\"\""), YES("true"), YES("false"), YES("null"),
    YES(" {}"), YES("{} "), YES("\t[]\n"), YES("\r\n1\r\n"), YES("\n\n\n\"x\"\t\t"),
    YES("[ ]"), YES("[\n]"), YES("{ }"), YES("{\t\r\n }"), YES("[ 1 , 2 ]"), YES("[1\n,\n2]"),
    YES("{ \"a\" : 1 }"), YES("{\"a\"\t:\t1}"), YES("{\"a\":1 ,\r\n\"b\":2}"), YES(" true "),
    YES("false\n"), YES("\tnull"), YES("[true ,false, null]"), YES("  0  "),
    CUT(""), CUT(" "), CUT("\n"), CUT("\t\r\n "),
    NO(0, "\x0c" "1"), NO(0, "\x0b" "1"), NO(1, "1\x0c"), NO(1, "[\x0c]"), NO(1, "[\x0b]"),
    NO(1, "[\xc2\xa0]"), NO(1, "[\xe2\x80\xa8]"), NO(1, "[\xe2\x80\x83]"), NO(1, "[\xc2\x85]"),
    NO(1, "[\xe3\x80\x80]"), NO(1, "[\x1a]"), NO(1, "[\x7f]"), NO(0, "\x1e" "1"), NO(1, "[\x08]"),
    NO(0, "\0"), NO(1, "1\0"), NO(1, "[\0]"), NO(2, "[]\0"), NO(3, "[1\n\0]"), NO(0, "\x1a"),
    NO(2, "1 \x0c"), NO(2, "{}\x1a"), NO(4, "true\x1a"), NO(3, "\"a\"\x0c"),

    /* One text and nothing after it. */
    NO(2, "1 2"), NO(2, "[][]"), NO(2, "{}{}"), NO(4, "\"a\" \"b\""), NO(2, "[]]"), NO(2, "{}}"),
    NO(1, "1,"), NO(5, "true false"), NO(2, "[],"), NO(2, "{}:"), NO(2, "\"\"\"\""),
    NO(4, "null\"\""), NO(2, "\"\"1"), NO(2, "[]1"), NO(1, "1[]"), NO(1, "1{}"), NO(1, "1\"a\""),
    NO(5, "false{"), NO(4, "true["), NO(2, "{}#"), NO(2, "[]x"), NO(3, "[1]//c"), NO(3, "[] /**/"),
    NO(2, "1\n2"), NO(3, "{}\n{}\n"), NO(4, "null,"), NO(2, "[]\xff"), NO(2, "0 \xc3\xa9"),
    NO(2, "[]'"), NO(2, "[];"), NO(2, "{}\\"), NO(2, "\"\"\\\"\""),

    /* Section 3: the three literals, lower case, whole. */
    CUT("t"), CUT("tr"), CUT("tru"), CUT("f"), CUT("fals"), CUT("n"), CUT("nul"),
    NO(0, "True"), NO(0, "TRUE"), NO(1, "tRUE"), NO(0, "False"), NO(0, "NULL"), NO(3, "nulL"),
    NO(4, "truee"), NO(5, "falsey"), NO(4, "nullx"), NO(4, "true1"), NO(4, "null0"), NO(4, "null-"),
    NO(3, "tru\""), NO(4, "[tru]"), NO(4, "[nul]"), NO(5, "[fals]"), NO(3, "tru "), NO(1, "nil"),
    NO(0, "undefined"), NO(0, "None"), NO(0, "yes"), NO(1, "no"), NO(0, "NaN"), NO(1, "nan"),
    NO(0, "Infinity"), NO(0, "inf"), NO(1, "[Infinity]"), NO(1, "[abc]"), NO(4, "true\\"),
    NO(4, "true\xc3\xa9"), NO(2, "tr\0ue"), NO(2, "tr\xff" "ue"), NO(5, "[true.]"), NO(4, "true'"),
    YES("[true]"), YES("[false]"), YES("[null]"), YES("[null,null]"), YES("{\"a\":null}"),

    /* Section 4: objects. */
    YES("{\"\":0}"), YES("{\"a\":{}}"), YES("{\"a\":[],\"b\":{}}"),
    YES("{\"a\":1,\"b\":2,\"c\":3}"),
    YES("{\"\\u0000\":0}"), YES("{\"\\n\":\"\\n\"}"), YES("{\"a b\":1}"), YES("{\"a\":\"b\"}"),
    YES("{\"\xe4\xb8\xad\":1}"), YES("{\"a/b\":1,\"a~b\":2}"), YES("{\"a\":{\"a\":{\"a\":1}}}"),
    CUT("{"), CUT("{\""), CUT("{\"a"), CUT("{\"a\""), CUT("{\"a\":"), CUT("{\"a\":1"),
    CUT("{\"a\":1,"), CUT("{\"a\":1,\"b\""), CUT("{\"a\":{}"), CUT("{ "), CUT("{\"a\" "),
    NO(1, "{,}"), NO(1, "{:}"), NO(1, "{]"), NO(1, "{[]}"), NO(1, "{{}}"), NO(1, "{1:2}"),
    NO(1, "{a:1}"), NO(1, "{'a':1}"), NO(1, "{true:1}"), NO(1, "{null}"), NO(4, "{\"a\"}"),
    NO(4, "{\"a\",1}"), NO(5, "{\"a\" 1}"), NO(4, "{\"a\"1}"), NO(4, "{\"a\"=1}"),
    NO(5, "{\"a\":}"),
    NO(5, "{\"a\":,}"), NO(5, "{\"a\"::1}"), NO(7, "{\"a\":1,}"), NO(7, "{\"a\":1,,\"b\":2}"),
    NO(7, "{\"a\":1 \"b\":2}"), NO(6, "{\"a\":1]"), NO(6, "{\"a\":1:2}"), NO(7, "{\"a\":1,2}"),
    NO(7, "{\"a\":1,[]}"), NO(7, "{\"a\":1,b:2}"), NO(8, "{\"a\":\"b\"\"c\":1}"),
    NO(4, "{\"a\"{}}"),
    NO(4, "{\"a\"\"b\"}"), NO(1, "{\\\"a\":1}"), NO(1, "{/**/}"), NO(7, "{\"a\":1,}}"),
    NO(6, "{\"a\":{]}"), NO(5, "{\"a\":]"), NO(1, "{-1:1}"), NO(4, "{\"a\"]"),
    NO(9, "{\"a\":\"b\",}"),
    NO(7, "{\"a\":[1}"), NO(6, "{\"a\":[}"), NO(1, "{\xff\"a\":1}"), NO(0, "}"),
    MAY("{\"a\":1,\"a\":2}"), MAY("{\"a\":1,\"\\u0061\":2}"), MAY("{\"\":0,\"\":0}"),
    MAY("{\"a\":{\"b\":1,\"b\":1}}"), MAY("{\"a\":1,\"a\":1,\"a\":1}"),

    /* Section 5: arrays. */
    YES("[1]"), YES("[1,2]"), YES("[[]]"), YES("[[],[]]"), YES("[[[[[[[[]]]]]]]]"), YES("[{}]"),
    YES("[\"a\",1,true,null,{},[]]"), YES("[[1,[2,[3,[4]]]]]"), YES("[\"\"]"), YES("[0,-0,0.0]"),
    CUT("["), CUT("[1"), CUT("[1,"), CUT("[[]"), CUT("[[],"), CUT("[\"a\""), CUT("[ "), CUT("[1 "),
    CUT("[[[["), CUT("[{}"), CUT("[{},"),
    NO(1, "[,]"), NO(1, "[,1]"), NO(3, "[1,]"), NO(3, "[1,,2]"), NO(3, "[1 2]"), NO(2, "[1}"),
    NO(1, "[}"), NO(1, "[:]"), NO(2, "[1:2]"), NO(4, "[\"a\":1]"), NO(4, "[1, ]"), NO(2, "[[}"),
    NO(4, "[[],]"), NO(3, "[[][]]"), NO(3, "[{}{}]"), NO(4, "[{},]"), NO(0, "]"), NO(0, ","),
    NO(0, ":"), NO(2, "[1;2]"), NO(4, "[\"a\"\"b\"]"), NO(5, "[\"a\" \"b\"]"), NO(1, "[*]"),
    NO(1, "[']']"), NO(3, "[1,/**/2]"), NO(3, "[1]]"), NO(2, "[{]"), NO(2, "[]}"),
    NO(5, "[true" "x]"),
    NO(6, "[true false]"), NO(5, "[null\"\"]"), NO(1, "[\\]"), NO(1, "[\\\"]\"]"), NO(2, "[1\\]"),
    NO(4, "[\"a\"\\]"), NO(1, "[(1)]"), NO(1, "[<]"),

    /* Section 6: numbers. */
    YES("-0"), YES("1"), YES("-1"), YES("12"), YES("1234567890"), YES("-1234567890"), YES("0.0"),
    YES("0.5"), YES("-0.5"), YES("1.25"), YES("0e0"), YES("0E0"), YES("1e1"), YES("1E1"),
    YES("1e+1"), YES("1e-1"), YES("1E+1"), YES("1E-1"), YES("-1e-1"), YES("1.5e3"), YES("-0.0e-0"),
    YES("0e+00"), YES("1e0001"), YES("10.01"), YES("123e45"), YES("123.456e78"), YES("[0]"),
    YES("[-0]"), YES("{\"a\":-1.5E-7}"), YES("9007199254740993"), YES("[1e5,2E6]"), YES("1.000"),
    MAY("1e9999"), MAY("-1e9999"), MAY("1e-9999"), MAY("123456789012345678901234567890"),
    MAY("0.1234567890123456789012345678901234567890"), MAY("18446744073709551616"),
    CUT("-"), CUT("1."), CUT("-1."), CUT("0."), CUT("1e"), CUT("1E"), CUT("1e+"), CUT("1e-"),
    CUT("1.5e"), CUT("[-"), CUT("0e"),
    NO(1, "01"), NO(1, "00"), NO(2, "-01"), NO(1, "00.5"), NO(2, "-00"), NO(1, "0123"), NO(0, "+1"),
    NO(0, "+"), NO(0, ".5"), NO(1, "-.5"), NO(1, "--1"), NO(1, "-+1"), NO(2, "1.e1"), NO(2, "1..2"),
    NO(3, "1.2.3"), NO(2, "1ee2"), NO(3, "1e1e1"), NO(3, "1e1.5"), NO(3, "1e++1"), NO(3, "1e+-1"),
    NO(1, "0x1F"), NO(1, "0b1"), NO(1, "0o7"), NO(1, "1_000"), NO(2, "1 000"), NO(1, "1,000"),
    NO(1, "1f"), NO(1, "1L"), NO(1, "1n"), NO(1, "-a"), NO(1, "-Infinity"), NO(1, "-NaN"),
    NO(1, "-\"1\""), NO(1, "- 1"), NO(2, "1 .5"), NO(2, "1.a"), NO(2, "1. "), NO(2, "1e "),
    NO(2, "1ea"),
    NO(3, "[1.]"), NO(2, "[-]"), NO(3, "[1e]"), NO(4, "[1e+]"), NO(2, "[01]"), NO(2, "[1a]"),
    NO(1, "[+1]"),
    NO(1, "[.1]"), NO(2, "[1\xff]"), NO(2, "[1\0]"), NO(2, "[0-1]"), NO(2, "[1-1]"), NO(2, "[1+1]"),
    NO(1, "[\xef\xbc\x91]"), NO(1, "1\xc2\xb2"), NO(1, "1/2"), NO(1, "1%"), NO(1, "[$1]"),
    NO(3, "[12\\]"), NO(2, "1e\"\""), NO(2, "1.\"\""), NO(2, "-1-"), NO(3, "0.0-"), NO(3, "1e5-"),
    NO(1, "-e1"), NO(2, "0.e1"), NO(2, "[0x]"), NO(1, "0a"), NO(1, "[e1]"),
    NO(0, "E5"), NO(0, "e"), NO(1, "-]"), NO(2, "1.}"), NO(3, "0.1\x0c"), NO(1, "1\x0b"),

    /* Section 7: strings and escapes. */
    YES("\"a\""), YES("\"\\\"\""), YES("\"\\\\\""), YES("\"\\/\""), YES("\"\\b\\f\\n\\r\\t\""),
    YES("\"\\u0041\""), YES("\"\\u00e9\\u00E9\""), YES("\"\\uABCD\\uabcd\""), YES("\"\\u0000\""),
    YES("\"\\\\\\\\\""), YES("\"\\\\\\\"\""), YES("\"\\\\u12\""), YES("\"\\\"\\\"\""), YES("\"/\""),
    YES("\"\x7f\""), YES("\"'\""), YES("\"{}[],:\""), YES("\" \""), YES("\"\\ud83d\\ude00\""),
    YES("\"\\uD800\\uDC00\""), YES("\"\\udbff\\udfff\""), YES("\"\\ud7ff\\ue000\""),
    YES("\"\\uffff\""),
    YES("[\"\\\\\",\"\\\\\"]"), YES("[\"a\\\\\",1]"), YES("\"\\u2028\""), YES("\"//\""),
    YES("\"/**/\""),
    YES("\"a\\u0020b\""), YES("\"\\u005c\""), YES("\"\\u0022\""), YES("\"\\\\n\""), YES("\"nan\""),
    CUT("\""), CUT("\"a"), CUT("\"\\"), CUT("\"\\\""), CUT("\"\\u"), CUT("\"\\u0"), CUT("\"\\u00"),
    CUT("\"\\u004"), CUT("\"\\u0041"), CUT("\"\\\\\\\""), CUT("[\"a"), CUT("\"\\ud83d\\"),
    CUT("\"\\ud83d\\u"), CUT("\"\\ud83d\\ude0"), CUT("\"a\\n"), CUT("\"]"),
    NO(2, "\"\\a\""), NO(2, "\"\\v\""), NO(2, "\"\\0\""), NO(2, "\"\\x41\""), NO(2, "\"\\'\""),
    NO(2, "\"\\U0041\""), NO(2, "\"\\ \""), NO(2, "\"\\\n\""), NO(2, "\"\\\0\""), NO(2, "\"\\N\""),
    NO(2, "\"\\e\""), NO(2, "\"\\-\""), NO(2, "\"\\B\""), NO(2, "\"\\\xc3\xa9\""),
    NO(2, "\"\\\xff\""),
    NO(3, "\"\\u\""), NO(4, "\"\\u0\""), NO(5, "\"\\u00\""), NO(6, "\"\\u004\""),
    NO(3, "\"\\ug000\""),
    NO(4, "\"\\u0g00\""), NO(5, "\"\\u00G0\""), NO(6, "\"\\u004g\""), NO(3, "\"\\u+041\""),
    NO(3, "\"\\u 041\""), NO(3, "\"\\u-041\""), NO(3, "\"\\u{41}\""), NO(6, "\"\\u004\\n\""),
    NO(3, "\"\\u\\u0041\""), NO(5, "\"\\u00\n0\""), NO(6, "\"\\u004\0\""), NO(4, "\"\\\\\\x\""),
    NO(8, "\"\\u0041\\x\""), NO(5, "\"\\u00/0\""), NO(5, "\"\\u00:0\""), NO(5, "\"\\u00@0\""),
    NO(5, "\"\\u00`0\""), NO(3, "\"\\u\xef\xbc\x90" "000\""), NO(3, "{\"\\q\":1}"),
    NO(3, "\"aa\nb\""),
    NO(11, "\"\\ud800\\u00\""), NO(9, "\"\\ud800\\u\""), NO(8, "\"\\ud800\\x\""),
    NO(12, "\"\\ud83d\\ude0\""),
    NO(9, "\"\\ud800\\uG\""), NO(1, "\"\0\""), NO(1, "\"\x01\""), NO(1, "\"\t\""), NO(1, "\"\n\""),
    NO(1, "\"\r\""), NO(1, "\"\x1f\""), NO(2, "\"a\0b\""), NO(2, "\"a\x08\""), NO(2, "{\"\n\":1}"),
    NO(3, "\"\\\\\t\""), NO(3, "\"\\n\n\""), NO(2, "[\"\n\"]"), NO(3, "\"ab\x1b[0m\""),
    NO(0, "'a'"),
    NO(0, "`a`"), NO(0, "a"), NO(1, "[\xe2\x80\x9c" "a\"]"), NO(0, "\\\"a\""), NO(3, "\"a\"a\""),
    MAY("\"\\ud800\""), MAY("\"\\udc00\""), MAY("\"\\udfff\""), MAY("\"\\udbff\""),
    MAY("\"\\ud800\\ud800\""), MAY("\"\\udc00\\ud800\""), MAY("\"\\ud800x\""),
    MAY("\"\\ud800\\n\""),
    MAY("\"\\ud800\\u0041\""), MAY("\"\\ud800\\ud800\\udc00\""), MAY("\"\\ud83d\\ude00\\ude00\""),
    MAY("{\"\\udead\":1}"), MAY("\"\\ud800\\\\udc00\""), MAY("\"\\ud800\xed\x9f\xbf\""),

    /* Section 8.1: UTF-8 as table 3-7 of the Unicode standard has it; the mark is optional. */
    YES("\"\xc2\x80\""), YES("\"\xdf\xbf\""), YES("\"\xe0\xa0\x80\""), YES("\"\xe0\xbf\xbf\""),
    YES("\"\xe1\x80\x80\""), YES("\"\xec\xbf\xbf\""), YES("\"\xed\x80\x80\""),
    YES("\"\xed\x9f\xbf\""),
    YES("\"\xee\x80\x80\""), YES("\"\xef\xbf\xbf\""), YES("\"\xef\xbf\xbd\""),
    YES("\"\xf0\x90\x80\x80\""),
    YES("\"\xf0\xbf\xbf\xbf\""), YES("\"\xf1\x80\x80\x80\""), YES("\"\xf3\xbf\xbf\xbf\""),
    YES("\"\xf4\x80\x80\x80\""), YES("\"\xf4\x8f\xbf\xbf\""), YES("\"\xef\xbb\xbf\""),
    YES("\"\xe4\xb8\xad\xe6\x96\x87\""), YES("\"a\xc3\xa9z\xe2\x82\xacq\xf0\x9f\x98\x80w\""),
    YES("\"\xe2\x80\xa8\xe2\x80\xa9\""), YES("\"\xe2\x80\xae\""), YES("\"\xef\xb7\x90\""),
    YES("\"\\\\\xc3\xa9\""), YES("\"\\n\xf0\x9f\x98\x80\\n\""),
    NO(1, "\"\x80\""), NO(1, "\"\xbf\""), NO(1, "\"\xc0\x80\""), NO(1, "\"\xc1\xbf\""),
    NO(1, "\"\xc0\xaf\""),
    NO(2, "\"\xc2\x7f\""), NO(2, "\"\xc2\xc0\""), NO(2, "\"\xc2\""), NO(2, "\"\xdf\"\""),
    NO(2, "\"\xe0\x80\x80\""), NO(2, "\"\xe0\x9f\xbf\""), NO(2, "\"\xe0\xc0\x80\""),
    NO(3, "\"\xe0\xa0\""),
    NO(3, "\"\xe0\xa0\x7f\""), NO(3, "\"\xe1\x80\xc0\""), NO(2, "\"\xe1\""),
    NO(2, "\"\xe1\x7f\x80\""),
    NO(2, "\"\xed\xa0\x80\""), NO(2, "\"\xed\xbf\xbf\""), NO(2, "\"\xed\xa0\xbd\xed\xb8\x80\""),
    NO(3, "\"\xed\x9f\""), NO(3, "\"\xee\x80 \""), NO(3, "\"\xef\xbf\xff\""), NO(2, "\"\xef\""),
    NO(2, "\"\xf0\x80\x80\x80\""), NO(2, "\"\xf0\x8f\xbf\xbf\""), NO(3, "\"\xf0\x90\xc0\x80\""),
    NO(4, "\"\xf0\x90\x80\x7f\""), NO(4, "\"\xf0\x90\x80\""), NO(3, "\"\xf0\x90\""),
    NO(2, "\"\xf0\""),
    NO(4, "\"\xf1\x80\x80\x22\""), NO(2, "\"\xf4\x90\x80\x80\""), NO(2, "\"\xf4\xbf\xbf\xbf\""),
    NO(1, "\"\xf5\x80\x80\x80\""), NO(1, "\"\xf8\x88\x80\x80\x80\""),
    NO(1, "\"\xfc\x84\x80\x80\x80\x80\""),
    NO(1, "\"\xfe\""), NO(1, "\"\xff\""), NO(3, "\"\xc3\xa9\xa9\""), NO(2, "\"a\x80\""),
    NO(3, "\"a\xe9\""), NO(2, "{\"\xff\":1}"), NO(3, "{\"\xc3\":1}"), NO(1, "[\x80]"),
    NO(1, "[\xff]"),
    NO(1, "[\xc3\xa9]"), NO(0, "\xff"), NO(0, "\xfe\xff\0" "1"), NO(0, "\xff\xfe" "1\0"),
    NO(1, "1\0" "2\0"),
    NO(3, "\"\xe4\xb8\\n\""), NO(2, "\"\xc3\\u00a9\""), NO(3, "\"\xf0\x9f\n\""),
    CUT("\"\xc3"), CUT("\"\xe4\xb8"), CUT("\"\xf0\x9f\x98"), CUT("\"\xc3\xa9"), CUT("[\"\xf0"),
    MAY("\xef\xbb\xbf" "1"), MAY("\xef\xbb\xbf{}"), MAY("\xef\xbb\xbf \"a\""), CUT("\xef\xbb\xbf"),
    CUT("\xef\xbb\xbf ["), NO(3, "\xef\xbb\xbf\xef\xbb\xbf" "1"), NO(1, "1\xef\xbb\xbf"),
    NO(1, "[\xef\xbb\xbf]"), NO(1, " \xef\xbb\xbf" "1"), NO(4, "\xef\xbb\xbf[x]"),
};
/* clang-format on */

#undef YES
#undef MAY
#undef NO
#undef CUT

#endif
