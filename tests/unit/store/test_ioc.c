#include "store/ioc_priv.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

#define ARENA ((size_t)64 << 20)

static const char *const names[] = {
    "md5",     "sha1", "sha256", "sha512", "ipv4",      "ipv6", "domain", "url", "mail",
    "windows", "unix", "key",    "file",   "technique", "cve",  "guid",   "api", "hex",
};

/* "type text norm[:port];" for each find. */
static void show(as_bytes text, as_buf *out)
{
    as_arena *a = as_arena_new(ARENA);
    as_iocs found = {0};
    as_err err = {0};

    assert_non_null(a);
    assert_int_equal(as_ioc_find(text, a, &found, &err), AS_OK);
    for (size_t i = 0; i < found.n; i++) {
        const as_ioc *p = &found.p[i];

        as_buf_printf(out, "%s%s ", i ? "; " : "", names[p->type]);
        as_buf_add(out, (as_bytes){text.p + p->begin, p->end - p->begin});
        as_buf_text(out, " = ");
        as_buf_add(out, p->norm);
        if (p->port)
            as_buf_printf(out, " port %u", p->port);
    }
    as_arena_free(a);
}

static const struct {
    const char *text, *found;
} cases[] = {
    {"", ""},
    {"nothing to be found here, e.g. this.", ""},
    {"样本是否释放了文件？", ""},
    /* hashes */
    {"D41D8CD98F00B204E9800998ECF8427E",
     "md5 D41D8CD98F00B204E9800998ECF8427E = d41d8cd98f00b204e9800998ecf8427e"},
    {"哈希：da39a3ee5e6b4b0d3255bfef95601890afd80709。",
     "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709 = da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {"样本e3b0c442是什么", "hex e3b0c442 = e3b0c442"},
    {"20231231 abcdef 12345", ""},
    /* addresses */
    {"样本45.154.98.194的连接", "ipv4 45.154.98.194 = 45.154.98.194"},
    {"45[.]154.98.194, 1.2.3.4:8080.",
     "ipv4 45[.]154.98.194 = 45.154.98.194; ipv4 1.2.3.4:8080 = 1.2.3.4 port 8080"},
    {"(10.0.0.1)", "ipv4 10.0.0.1 = 10.0.0.1"},
    {"４５．１５４．９８．１９４", "ipv4 ４５．１５４．９８．１９４ = 45.154.98.194"},
    {"1.2.3.4.5 256.1.1.1 1.2.3 v1.2.3.4 01.2.3.4", ""},
    {"fe80::1 and [2001:DB8:0:0::1]:443, not 12:30:45 or Bad::Add",
     "ipv6 fe80::1 = fe80::1; ipv6 [2001:DB8:0:0::1]:443 = 2001:db8::1 port 443"},
    /* domains */
    {"evil.example.com.", "domain evil.example.com = evil.example.com"},
    {"访问EVIL[.]COM的样本", "domain EVIL[.]COM = evil.com"},
    {"x.com:8443/a", "domain x.com:8443 = x.com port 8443"},
    {"bücher.de、中文.com、xn--bcher-kva.de", "domain bücher.de = bücher.de; domain 中文.com = "
                                              "中文.com; domain xn--bcher-kva.de = bücher.de"},
    {"例子.中国", "domain 例子.中国 = 例子.中国"},
    {"System.IO Microsoft.Win32 e.g. i.e. U.S. end.In", ""},
    {"evil.sh evil[.]sh evil.sh/x www.evil.sh",
     "file evil.sh = evil.sh; domain evil[.]sh = evil.sh; domain evil.sh = evil.sh; "
     "domain www.evil.sh = www.evil.sh"},
    {"evil(dot)example[dot]com", "domain evil(dot)example[dot]com = evil.example.com"},
    /* URLs and mail */
    {"hxxps://Evil[.]com/A?b=c,", "url hxxps://Evil[.]com/A?b=c = https://evil.com/A?b=c"},
    {"访问http://evil.com/路径", "url http://evil.com/ = http://evil.com"},
    {"http://evil.com下载", "url http://evil.com = http://evil.com"},
    {"(see http://a.com/b_(c))", "url http://a.com/b_(c) = http://a.com/b_(c)"},
    {"http[:]//a[.]com:8080/", "url http[:]//a[.]com:8080/ = http://a.com:8080 port 8080"},
    {"hxxp[://]a[.]com", "url hxxp[://]a[.]com = http://a.com"},
    {"http://a.com:80/x", "url http://a.com:80/x = http://a.com/x port 80"},
    {"“https://a.com/b”。", "url https://a.com/b = https://a.com/b"},
    {"Me@Example.com me[@]example[.]com a+b@x.org",
     "mail Me@Example.com = me@example.com; mail me[@]example[.]com = me@example.com; "
     "mail a+b@x.org = a+b@x.org"},
    /* paths */
    {"C:\\Users\\x\\A.ps1.", "windows C:\\Users\\x\\A.ps1 = c:\\users\\x\\a.ps1"},
    {"文件C:\\a\\b.exe的哈希", "windows C:\\a\\b.exe = c:\\a\\b.exe"},
    {"C:\\用户\\张三\\木马.exe，", "windows C:\\用户\\张三\\木马.exe = c:\\用户\\张三\\木马.exe"},
    {"run C:\\Program Files (x86)\\Foo Bar\\b.exe now",
     "windows C:\\Program Files (x86)\\Foo Bar\\b.exe = c:\\program files (x86)\\foo bar\\b.exe"},
    {"copy C:\\a.exe to D:\\b", "windows C:\\a.exe = c:\\a.exe; windows D:\\b = d:\\b"},
    {"\"C:\\My Files\\my file.txt\" x",
     "windows C:\\My Files\\my file.txt = c:\\my files\\my file.txt"},
    {"\"C:\\a b.exe -x\"", "windows C:\\a b.exe = c:\\a b.exe"},
    {"C:\\\\Users\\\\x", "windows C:\\\\Users\\\\x = c:\\users\\x"},
    {"%TEMP%\\a.tmp \\\\server\\share\\x \\??\\C:\\y c:/z/w",
     "windows %TEMP%\\a.tmp = %temp%\\a.tmp; windows \\\\server\\share\\x = "
     "\\\\server\\share\\x; windows \\??\\C:\\y = c:\\y; windows c:/z/w = c:\\z\\w"},
    {"/etc/passwd and/or /x /opt/a.sh的",
     "unix /etc/passwd = /etc/passwd; unix /opt/a.sh = /opt/a.sh"},
    {"HKLM\\Software\\Microsoft\\Windows NT\\CurrentVersion is a key",
     "key HKLM\\Software\\Microsoft\\Windows NT\\CurrentVersion = "
     "hkey_local_machine\\software\\microsoft\\windows nt\\currentversion"},
    {"\\REGISTRY\\MACHINE\\X HKCU:\\Run",
     "key \\REGISTRY\\MACHINE\\X = hkey_local_machine\\x; key HKCU:\\Run = hkey_current_user\\run"},
    {"report.json a.ps1、木马.exe", "file report.json = report.json; file a.ps1 = a.ps1; "
                                    "file 木马.exe = 木马.exe"},
    {"~$doc.docx PROGRA~1.EXE", "file ~$doc.docx = ~$doc.docx; file PROGRA~1.EXE = progra~1.exe"},
    /* the rest */
    {"t1059.001, T1055. T1055.12", "technique t1059.001 = T1059.001; technique T1055 = T1055"},
    {"cve-2017-11882", "cve cve-2017-11882 = CVE-2017-11882"},
    {"{0002DF01-0000-0000-C000-000000000046}",
     "guid {0002DF01-0000-0000-C000-000000000046} = 0002df01-0000-0000-c000-000000000046"},
    {"是否调用了NtCreateUserProcess？CreateFileW kernel32.dll!CreateFileA connect()",
     "api NtCreateUserProcess = ntcreateuserprocess; api CreateFileW = createfilew; "
     "api kernel32.dll!CreateFileA = createfilea; api connect = connect"},
    {"PowerShell OpenSSL GitHub GetStarted", "api GetStarted = getstarted"},
};

static void names_and_addresses_are_found(void **state)
{
    as_buf out = {0};
    int bad = 0;

    (void)state;
    for (size_t i = 0; i < AS_COUNT(cases); i++) {
        as_buf_reset(&out);
        show(as_bytes_of(cases[i].text), &out);
        if (!as_bytes_is(as_buf_bytes(&out), cases[i].found)) {
            print_message("%s\n  gives  %.*s\n  wanted %s\n", cases[i].text, (int)out.n,
                          (const char *)out.p, cases[i].found);
            bad++;
        }
    }
    as_buf_done(&out);
    assert_int_equal(bad, 0);
}

static const struct {
    as_ioc_type type;
    const char *const *spellings; /* of one thing */
    const char *norm;
} same[] = {
    {AS_IOC_SHA1,
     (const char *const[]){"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
                           " da39a3ee5e6b4b0d3255bfef95601890afd80709\n", NULL},
     "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {AS_IOC_IPV4, (const char *const[]){"45[.]154(.)98.194", "'45.154.98.194:80'", NULL},
     "45.154.98.194"},
    {AS_IOC_IPV6, (const char *const[]){"[2001:DB8::1]:443", "2001:db8:0:0:0:0:0:1", NULL},
     "2001:db8::1"},
    {AS_IOC_DOMAIN,
     (const char *const[]){"XN--BCHER-KVA.de.", "B\xc3\x9c\x43her[.]DE", "bücher.de:80", NULL},
     "bücher.de"},
    {AS_IOC_URL,
     (const char *const[]){"HXXP://Evil.COM:80/", "http://evil.com", "http[:]//evil[.]com.", NULL},
     "http://evil.com"},
    {AS_IOC_MAIL, (const char *const[]){"A[@]B.ORG", "a@b.org", NULL}, "a@b.org"},
    {AS_IOC_WINDOWS_PATH,
     (const char *const[]){"\"C:\\A\\b.TXT\"", "\\??\\c:\\a\\B.txt", "\\\\?\\C:\\a\\b.txt",
                           "c:/a//b.txt", "C:\\\\A\\\\b.txt\\", NULL},
     "c:\\a\\b.txt"},
    {AS_IOC_WINDOWS_PATH, (const char *const[]){"\\\\?\\UNC\\S\\d", "\\\\s\\d", "//s/d", NULL},
     "\\\\s\\d"},
    {AS_IOC_WINDOWS_PATH, (const char *const[]){"C:\\", "c:/", NULL}, "c:\\"},
    {AS_IOC_UNIX_PATH, (const char *const[]){"/etc//Passwd/", "/etc/passwd", NULL}, "/etc/passwd"},
    {AS_IOC_UNIX_PATH, (const char *const[]){"/", "//", NULL}, "/"},
    {AS_IOC_KEY,
     (const char *const[]){"HKLM\\A\\B", "hkey_local_machine\\a\\b\\", "\\Registry\\Machine\\A\\b",
                           "HKLM:\\a\\b", "Computer\\HKEY_LOCAL_MACHINE\\A\\B", NULL},
     "hkey_local_machine\\a\\b"},
    {AS_IOC_FILE, (const char *const[]){"STRASSE.exe", "straße.EXE", NULL}, "strasse.exe"},
    {AS_IOC_TECHNIQUE, (const char *const[]){"t1055.012", "T1055.012", NULL}, "T1055.012"},
    {AS_IOC_GUID,
     (const char *const[]){"{0002DF01-0000-0000-C000-000000000046}",
                           "0002df01-0000-0000-c000-000000000046", NULL},
     "0002df01-0000-0000-c000-000000000046"},
    {AS_IOC_API, (const char *const[]){"kernel32.dll!CreateFileA", "createfilea", NULL},
     "createfilea"},
};

static void two_spellings_of_one_thing_are_equal(void **state)
{
    as_buf out = {0};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(same); i++) {
        for (size_t k = 0; same[i].spellings[k]; k++) {
            as_buf_reset(&out);
            as_ioc_norm(same[i].type, as_bytes_of(same[i].spellings[k]), &out);
            if (!as_bytes_is(as_buf_bytes(&out), same[i].norm))
                fail_msg("%s gives %.*s", same[i].spellings[k], (int)out.n, (const char *)out.p);
        }
    }
    as_buf_done(&out);
}

static void a_wrong_punycode_stays_as_it_is(void **state)
{
    static const char *const wrong[] = {"xn--", "xn--99999999", "xn--a-\xc3\xa4",
                                        "xn--zzzzzzzzzzzzzzzz9.de"};
    as_buf out = {0};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(wrong); i++) {
        as_buf_reset(&out);
        as_ioc_norm(AS_IOC_DOMAIN, as_bytes_of(wrong[i]), &out);
        if (!as_bytes_is(as_buf_bytes(&out), wrong[i]))
            fail_msg("%s gives %.*s", wrong[i], (int)out.n, (const char *)out.p);
    }
    as_buf_done(&out);
}

static void the_file_of_a_path_and_its_extension(void **state)
{
    static const struct {
        const char *path, *file, *extension;
    } paths[] = {
        {"C:\\a\\b.txt", "b.txt", "txt"},
        {"/usr/x.tar.gz", "x.tar.gz", "gz"},
        {"a.txt:stream", "a.txt", "txt"},
        {"a", "a", ""},
        {"C:\\a\\", "", ""},
        {".profile", ".profile", "profile"},
        {"c:", "c:", ""},
        {"a.12345678901234567", "a.12345678901234567", ""},
        {"a.", "a.", ""},
        {"木马.exe", "木马.exe", "exe"},
        {"x/y\\z.p-s", "z.p-s", ""},
    };

    (void)state;
    for (size_t i = 0; i < AS_COUNT(paths); i++) {
        assert_true(as_bytes_is(as_path_file(as_bytes_of(paths[i].path)), paths[i].file));
        assert_true(as_bytes_is(as_path_extension(as_bytes_of(paths[i].path)), paths[i].extension));
    }
}

/* The search in them wants order, and a word that is not found would be no domain at all. */
static void the_lists_are_in_order(void **state)
{
    static const char *const known[] = {"ac", "com", "cn", "onion", "online", "xyz", "zw", "中国"};
    static const char *const files[] = {"7z", "exe", "EXE", "ps1", "dll", "zst", "js"};

    (void)state;
    for (size_t i = 0; i < AS_COUNT(known); i++)
        assert_true(as_known_tld(as_bytes_of(known[i])));
    for (size_t i = 0; i < AS_COUNT(files); i++)
        assert_true(as_known_extension(as_bytes_of(files[i])));
    assert_false(as_known_tld(AS_LITERAL("exe")));
    assert_false(as_known_extension(AS_LITERAL("com")));
    assert_false(as_known_tld(AS_LITERAL("c\0m")));
}

static void each_missing_allocation_is_told(void **state)
{
    static const char text[] = "45[.]154.98.194 C:\\a\\b.exe evil[.]com xn--bcher-kva.de T1055 "
                               "d41d8cd98f00b204e9800998ecf8427e CreateFileW /etc/passwd a.ps1 ";
    as_buf many = {0};
    unsigned failures = 0;

    (void)state;
    for (unsigned i = 0; i < 40; i++)
        as_buf_text(&many, text);
    for (uint64_t at = 1;; at++) {
        as_arena *a = as_arena_new(ARENA);
        as_iocs found = {0};
        as_err err = {0};
        as_code rc;

        assert_non_null(a);
        as_mem_fail_at(at);
        rc = as_ioc_find(as_buf_bytes(&many), a, &found, &err);
        as_mem_fail_at(0);
        if (rc == AS_OK)
            assert_int_equal(found.n, 40 * 9);
        as_arena_free(a);
        if (rc == AS_OK)
            break;
        assert_int_equal(rc, AS_NOMEM);
        assert_null(found.p);
        failures++;
    }
    assert_true(failures > 5);
    as_mem_fail_at(1);
    as_buf_done(&many);
    as_ioc_norm(AS_IOC_IPV4, AS_LITERAL("1[.]2.3.4"), &many);
    as_mem_fail_at(0);
    assert_true(many.failed);
    as_buf_done(&many);
}

static void more_than_the_limits_is_refused(void **state)
{
    as_arena *a = as_arena_new(ARENA);
    as_buf text = {0};
    as_iocs found = {0};
    as_err err = {0};

    (void)state;
    for (unsigned i = 0; i <= AS_IOC_MAX; i++)
        as_buf_text(&text, "1.1.1.1 ");
    assert_int_equal(as_ioc_find(as_buf_bytes(&text), a, &found, &err), AS_LIMIT);
    text.n -= 8;
    assert_int_equal(as_ioc_find(as_buf_bytes(&text), a, &found, &err), AS_OK);
    assert_int_equal(found.n, AS_IOC_MAX);
    as_buf_fill(&text, ' ', AS_IOC_TEXT_MAX);
    assert_int_equal(as_ioc_find(as_buf_bytes(&text), a, &found, &err), AS_LIMIT);
    as_arena_free(a);
    as_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_addresses_are_found),
        cmocka_unit_test(two_spellings_of_one_thing_are_equal),
        cmocka_unit_test(a_wrong_punycode_stays_as_it_is),
        cmocka_unit_test(the_file_of_a_path_and_its_extension),
        cmocka_unit_test(the_lists_are_in_order),
        cmocka_unit_test(each_missing_allocation_is_told),
        cmocka_unit_test(more_than_the_limits_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
