/*
 * store_reports - reports as CAPE writes them, of samples that do not exist: the same ones
 * each time. Few of the domains, keys, mutexes ... are common, many are rare, and each
 * sample has some of its own.
 */
#ifndef AS_BENCH_STORE_REPORTS_H
#define AS_BENCH_STORE_REPORTS_H

#include "base/jsonw.h"

#include <stdio.h>
#include <string.h>

static uint64_t draw(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Of a pool of n: the low numbers often, the high ones seldom. */
static unsigned skewed(uint64_t *seed, unsigned n)
{
    double u = (double)(draw(seed) >> 11) * 0x1p-53;

    return (unsigned)(u * u * u * (double)n);
}

static unsigned upto(uint64_t *seed, unsigned n)
{
    return (unsigned)(draw(seed) >> 33) % n;
}

typedef struct gen {
    as_jsonw w;
    uint64_t seed;
    unsigned sample;
    char text[512];
} gen;

static void member(gen *g, const char *key, const char *text)
{
    as_jsonw_key(&g->w, key);
    as_jsonw_text(&g->w, text);
}

static void number(gen *g, const char *key, uint64_t value)
{
    as_jsonw_key(&g->w, key);
    as_jsonw_u64(&g->w, value);
}

static const char *hex_of(gen *g, unsigned digits, uint64_t salt)
{
    uint64_t seed = salt * 0x2545f4914f6cdd1du + 99;

    for (unsigned i = 0; i < digits; i += 16)
        (void)snprintf(g->text + i, sizeof(g->text) - i, "%016llx",
                       (unsigned long long)draw(&seed));
    g->text[digits] = 0;
    return g->text;
}

static const char *const words[] = {"update", "cdn",   "mail",  "files", "track",  "login", "sync",
                                    "api",    "stats", "cloud", "media", "secure", "panel", "gate"};
static const char *const tlds[] = {"com", "net", "org", "ru", "cn", "top", "xyz", "info"};

static const char *domain_of(gen *g, unsigned i)
{
    (void)snprintf(g->text, sizeof(g->text), "%s%u.%s-%u.%s", words[i % AS_COUNT(words)], i % 7,
                   words[i / 3 % AS_COUNT(words)], i, tlds[i % AS_COUNT(tlds)]);
    return g->text;
}

static const char *address_of(gen *g, unsigned i)
{
    uint32_t x = i * 2654435761u + 12345;

    (void)snprintf(g->text, sizeof(g->text), "%u.%u.%u.%u", 11 + (x >> 24) % 180, x >> 16 & 255,
                   x >> 8 & 255, 1 + x % 254);
    return g->text;
}

static const char *const folders[] = {
    "C:\\Windows\\System32\\",
    "C:\\Windows\\SysWOW64\\",
    "C:\\Users\\admin\\AppData\\Local\\Temp\\",
    "C:\\Users\\admin\\AppData\\Roaming\\",
    "C:\\ProgramData\\",
    "C:\\Program Files\\Common Files\\",
    "C:\\Users\\admin\\Documents\\",
};
static const char *const names[] = {"setup", "loader", "svchost", "config", "report", "invoice",
                                    "cache", "helper", "module",  "driver", "profile"};
static const char *const extensions[] = {"exe", "dll", "tmp", "ps1", "dat", "txt",
                                         "log", "vbs", "ini", "lnk", "docx"};

static const char *file_of(gen *g, unsigned i)
{
    (void)snprintf(g->text, sizeof(g->text), "%s%s%u.%s", folders[i % AS_COUNT(folders)],
                   names[i / 2 % AS_COUNT(names)], i, extensions[i / 5 % AS_COUNT(extensions)]);
    return g->text;
}

/* Of the common ones, or one in four of this sample alone. */
static const char *some_file(gen *g)
{
    return file_of(g, upto(&g->seed, 4) ? skewed(&g->seed, 3000)
                                        : 100000 + g->sample * 64 + upto(&g->seed, 64));
}

static const char *key_of(gen *g, unsigned i)
{
    static const char *const keys[] = {
        "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\Value%u",
        "HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\Entry%u",
        "HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Services\\Service%u\\ImagePath",
        "HKEY_CURRENT_USER\\Control Panel\\Desktop\\Setting%u",
        "HKEY_LOCAL_MACHINE\\SOFTWARE\\Classes\\CLSID\\Class%u\\InprocServer32",
    };

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(g->text, sizeof(g->text), keys[i % AS_COUNT(keys)], i);
#pragma GCC diagnostic pop
    return g->text;
}

static const char *const apis[] = {
    "NtCreateFile",       "NtWriteFile",
    "NtReadFile",         "NtClose",
    "LdrLoadDll",         "LdrGetProcedureAddress",
    "NtOpenKey",          "NtQueryValueKey",
    "RegSetValueExW",     "NtAllocateVirtualMemory",
    "NtDelayExecution",   "CreateProcessInternalW",
    "InternetOpenUrlW",   "NtCreateMutant",
    "WriteProcessMemory", "CreateRemoteThread",
};

static void put_calls(gen *g, unsigned n)
{
    as_jsonw_key(&g->w, "calls");
    as_jsonw_array(&g->w);
    for (unsigned i = 0; i < n; i++) {
        as_jsonw_object(&g->w);
        (void)snprintf(g->text, sizeof(g->text), "2024-04-17 09:%02u:%02u,%03u", i / 60 % 60,
                       i % 60, upto(&g->seed, 1000));
        member(g, "timestamp", g->text);
        member(g, "thread_id", "2848");
        member(g, "category", "system");
        member(g, "api", apis[skewed(&g->seed, AS_COUNT(apis))]);
        as_jsonw_key(&g->w, "status");
        as_jsonw_bool(&g->w, upto(&g->seed, 9) != 0);
        member(g, "return", "0x00000000");
        as_jsonw_key(&g->w, "arguments");
        as_jsonw_array(&g->w);
        as_jsonw_object(&g->w);
        member(g, "name", "FileName");
        member(g, "value", some_file(g));
        as_jsonw_end(&g->w);
        as_jsonw_end(&g->w);
        number(g, "repeated", upto(&g->seed, 3));
        number(g, "id", i);
        as_jsonw_end(&g->w);
    }
    as_jsonw_end(&g->w);
}

static const char *const programs[] = {"powershell.exe", "cmd.exe",      "svchost.exe",
                                       "rundll32.exe",   "schtasks.exe", "explorer.exe",
                                       "wscript.exe",    "reg.exe"};

static void put_process(gen *g, unsigned i, bool whole)
{
    const char *name = i ? programs[(g->sample + i) % AS_COUNT(programs)] : "sample.exe";

    as_jsonw_object(&g->w);
    number(g, whole ? "process_id" : "pid", 2000 + 4 * (uint64_t)i);
    member(g, whole ? "process_name" : "name", name);
    number(g, "parent_id", i ? 2000 + 4 * (uint64_t)(i / 2) : 1184);
    (void)snprintf(g->text, sizeof(g->text), "C:\\Windows\\System32\\%s", name);
    member(g, "module_path", g->text);
    if (whole) {
        (void)snprintf(g->text, sizeof(g->text), "2024-04-17 09:12:%02u,415", i);
        member(g, "first_seen", g->text);
        put_calls(g, 12 + upto(&g->seed, 24));
    }
    as_jsonw_key(&g->w, "threads");
    as_jsonw_array(&g->w);
    as_jsonw_end(&g->w);
    as_jsonw_key(&g->w, "environ");
    as_jsonw_object(&g->w);
    (void)snprintf(g->text, sizeof(g->text), "\"C:\\Windows\\System32\\%s\" /q %u", name,
                   upto(&g->seed, 1000));
    member(g, "CommandLine", g->text);
    as_jsonw_end(&g->w);
    if (!whole) {
        as_jsonw_key(&g->w, "children");
        as_jsonw_array(&g->w);
        as_jsonw_end(&g->w);
    }
    as_jsonw_end(&g->w);
}

typedef const char *value_fn(gen *g);

static const char *some_key(gen *g)
{
    return key_of(g, skewed(&g->seed, 2000));
}

static const char *some_mutex(gen *g)
{
    unsigned i = upto(&g->seed, 5) ? skewed(&g->seed, 400) : 10000 + g->sample;

    (void)snprintf(g->text, sizeof(g->text), "Global\\%s-%u-%X", words[i % AS_COUNT(words)], i,
                   i * 40503u);
    return g->text;
}

static const char *some_api(gen *g)
{
    (void)snprintf(g->text, sizeof(g->text), "kernel32.dll.%s",
                   apis[skewed(&g->seed, AS_COUNT(apis))]);
    return g->text;
}

static const char *some_command(gen *g)
{
    (void)snprintf(
        g->text, sizeof(g->text),
        "%s -ExecutionPolicy Bypass -File C:\\Users\\admin\\AppData\\Local\\Temp\\s%u.ps1",
        programs[skewed(&g->seed, AS_COUNT(programs))], skewed(&g->seed, 900));
    return g->text;
}

static void put_list(gen *g, const char *key, unsigned n, value_fn *value)
{
    as_jsonw_key(&g->w, key);
    as_jsonw_array(&g->w);
    for (unsigned i = 0; i < n; i++)
        as_jsonw_text(&g->w, value(g));
    as_jsonw_end(&g->w);
}

static void put_behaviour(gen *g)
{
    unsigned n = 3 + upto(&g->seed, 4);

    as_jsonw_key(&g->w, "behavior");
    as_jsonw_object(&g->w);
    as_jsonw_key(&g->w, "processes");
    as_jsonw_array(&g->w);
    for (unsigned i = 0; i < n; i++)
        put_process(g, i, true);
    as_jsonw_end(&g->w);
    as_jsonw_key(&g->w, "processtree");
    as_jsonw_array(&g->w);
    for (unsigned i = 0; i < n; i++)
        put_process(g, i, false);
    as_jsonw_end(&g->w);
    as_jsonw_key(&g->w, "summary");
    as_jsonw_object(&g->w);
    put_list(g, "files", 16, some_file);
    put_list(g, "read_files", 22, some_file);
    put_list(g, "write_files", 10, some_file);
    put_list(g, "delete_files", upto(&g->seed, 6), some_file);
    put_list(g, "keys", 20, some_key);
    put_list(g, "read_keys", 14, some_key);
    put_list(g, "write_keys", upto(&g->seed, 8), some_key);
    put_list(g, "delete_keys", upto(&g->seed, 3), some_key);
    put_list(g, "executed_commands", 1 + upto(&g->seed, 4), some_command);
    put_list(g, "resolved_apis", 16, some_api);
    put_list(g, "mutexes", upto(&g->seed, 5), some_mutex);
    put_list(g, "created_services", 0, some_key);
    put_list(g, "started_services", 0, some_key);
    as_jsonw_end(&g->w);
    as_jsonw_end(&g->w);
}

static void put_network(gen *g)
{
    unsigned domains[8], n = 1 + upto(&g->seed, 7);

    for (unsigned i = 0; i < n; i++)
        domains[i] = upto(&g->seed, 4) ? skewed(&g->seed, 2500) : 50000 + g->sample * 8 + i;
    as_jsonw_key(&g->w, "network");
    as_jsonw_object(&g->w);
    as_jsonw_key(&g->w, "domains");
    as_jsonw_array(&g->w);
    for (unsigned i = 0; i < n; i++) {
        as_jsonw_object(&g->w);
        member(g, "domain", domain_of(g, domains[i]));
        member(g, "ip", address_of(g, domains[i]));
        as_jsonw_end(&g->w);
    }
    as_jsonw_end(&g->w);
    as_jsonw_key(&g->w, "dns");
    as_jsonw_array(&g->w);
    for (unsigned i = 0; i < n; i++) {
        as_jsonw_object(&g->w);
        member(g, "request", domain_of(g, domains[i]));
        member(g, "type", "A");
        as_jsonw_key(&g->w, "answers");
        as_jsonw_array(&g->w);
        as_jsonw_object(&g->w);
        member(g, "type", "A");
        member(g, "data", address_of(g, domains[i]));
        as_jsonw_end(&g->w);
        as_jsonw_end(&g->w);
        as_jsonw_end(&g->w);
    }
    as_jsonw_end(&g->w);
    as_jsonw_key(&g->w, "tcp");
    as_jsonw_array(&g->w);
    for (unsigned i = 0; i < n; i++) {
        as_jsonw_object(&g->w);
        member(g, "src", "192.168.56.101");
        number(g, "sport", 49700 + i);
        member(g, "dst", address_of(g, domains[i]));
        number(g, "dport", i % 3 ? 443 : 8080);
        number(g, "offset", 24);
        number(g, "time", i);
        as_jsonw_end(&g->w);
    }
    as_jsonw_end(&g->w);
    as_jsonw_key(&g->w, "http");
    as_jsonw_array(&g->w);
    for (unsigned i = 0; i < n; i += 2) {
        char host[128];

        (void)snprintf(host, sizeof(host), "%s", domain_of(g, domains[i]));
        as_jsonw_object(&g->w);
        number(g, "count", 1);
        member(g, "host", host);
        number(g, "port", 80);
        (void)snprintf(g->text, sizeof(g->text), "http://%s/gate%u.php", host, domains[i] % 40);
        member(g, "uri", g->text);
        member(g, "method", "GET");
        as_jsonw_end(&g->w);
    }
    as_jsonw_end(&g->w);
    as_jsonw_end(&g->w);
}

static void put_signatures(gen *g)
{
    static const char *const what[] = {"injection",  "persistence", "antivm", "network",
                                       "ransomware", "stealer",     "packer", "evasion"};
    unsigned n = 4 + upto(&g->seed, 10);

    as_jsonw_key(&g->w, "signatures");
    as_jsonw_array(&g->w);
    for (unsigned i = 0; i < n; i++) {
        unsigned k = skewed(&g->seed, 120);

        as_jsonw_object(&g->w);
        (void)snprintf(g->text, sizeof(g->text), "%s_rule_%u", what[k % AS_COUNT(what)], k);
        member(g, "name", g->text);
        (void)snprintf(g->text, sizeof(g->text), "Behaves as %s number %u does",
                       what[k % AS_COUNT(what)], k);
        member(g, "description", g->text);
        number(g, "severity", 1 + k % 3);
        number(g, "weight", 1);
        number(g, "confidence", 100);
        as_jsonw_key(&g->w, "data");
        as_jsonw_array(&g->w);
        as_jsonw_end(&g->w);
        as_jsonw_end(&g->w);
    }
    as_jsonw_end(&g->w);
    as_jsonw_key(&g->w, "ttps");
    as_jsonw_array(&g->w);
    for (unsigned i = 0; i < n / 2; i++) {
        as_jsonw_object(&g->w);
        (void)snprintf(g->text, sizeof(g->text), "%s_rule_%u", what[i], i);
        member(g, "signature", g->text);
        as_jsonw_key(&g->w, "ttps");
        as_jsonw_array(&g->w);
        (void)snprintf(g->text, sizeof(g->text), "T%u", 1000 + skewed(&g->seed, 90));
        as_jsonw_text(&g->w, g->text);
        as_jsonw_end(&g->w);
        as_jsonw_end(&g->w);
    }
    as_jsonw_end(&g->w);
}

static void put_file(gen *g, uint64_t salt, const char *name)
{
    member(g, "name", name);
    number(g, "size", 1000 + upto(&g->seed, 900000));
    member(g, "md5", hex_of(g, 32, salt));
    member(g, "sha1", hex_of(g, 40, salt + 1));
    member(g, "sha256", hex_of(g, 64, salt + 2));
    member(g, "type", "PE32 executable (GUI) Intel 80386, for MS Windows");
}

static void put_dropped(gen *g)
{
    unsigned n = upto(&g->seed, 5);

    as_jsonw_key(&g->w, "dropped");
    as_jsonw_array(&g->w);
    for (unsigned i = 0; i < n; i++) {
        unsigned k = upto(&g->seed, 3) ? skewed(&g->seed, 300) : 1000 + g->sample * 5 + i;
        char name[64];

        (void)snprintf(name, sizeof(name), "drop%u.%s", k, extensions[k % AS_COUNT(extensions)]);
        as_jsonw_object(&g->w);
        as_jsonw_key(&g->w, "guest_paths");
        as_jsonw_array(&g->w);
        (void)snprintf(g->text, sizeof(g->text), "C:\\Users\\admin\\AppData\\Local\\Temp\\%s",
                       name);
        as_jsonw_text(&g->w, g->text);
        as_jsonw_end(&g->w);
        put_file(g, 77000000 + (uint64_t)k * 4, name);
        as_jsonw_end(&g->w);
    }
    as_jsonw_end(&g->w);
}

static inline void name_of(unsigned sample, char *dst, size_t cap)
{
    (void)snprintf(dst, cap, "invoice_%05u.exe", sample);
}

/* The report of a sample, in place of what `out` has. */
static inline void generate(unsigned sample, as_buf *out)
{
    gen g = {.w = as_jsonw_to(out, 2), .seed = sample * 7919ull + 17, .sample = sample};
    char name[64];

    as_buf_reset(out);
    name_of(sample, name, sizeof(name));
    as_jsonw_object(&g.w);
    as_jsonw_key(&g.w, "info");
    as_jsonw_object(&g.w);
    member(&g, "version", "2.4-CAPE");
    (void)snprintf(g.text, sizeof(g.text), "2024-%02u-%02u 09:12:08", 1 + sample % 12,
                   1 + sample / 12 % 28);
    member(&g, "started", g.text);
    number(&g, "duration", 60 + upto(&g.seed, 300));
    number(&g, "id", 1 + (uint64_t)sample);
    member(&g, "category", "file");
    member(&g, "package", "exe");
    as_jsonw_key(&g.w, "machine");
    as_jsonw_object(&g.w);
    member(&g, "name", sample % 3 ? "win10-2" : "win7-1");
    member(&g, "platform", "windows");
    as_jsonw_end(&g.w);
    as_jsonw_end(&g.w);
    as_jsonw_key(&g.w, "target");
    as_jsonw_object(&g.w);
    member(&g, "category", "file");
    as_jsonw_key(&g.w, "file");
    as_jsonw_object(&g.w);
    put_file(&g, 5000 + (uint64_t)sample * 3, name);
    as_jsonw_end(&g.w);
    as_jsonw_end(&g.w);
    put_behaviour(&g);
    put_network(&g);
    put_signatures(&g);
    put_dropped(&g);
    as_jsonw_key(&g.w, "detections");
    as_jsonw_array(&g.w);
    if (sample % 3) {
        as_jsonw_object(&g.w);
        (void)snprintf(g.text, sizeof(g.text), "Family%u", skewed(&g.seed, 45));
        member(&g, "family", g.text);
        as_jsonw_end(&g.w);
    }
    as_jsonw_end(&g.w);
    as_jsonw_key(&g.w, "malscore");
    as_jsonw_u64(&g.w, sample % 11);
    as_jsonw_end(&g.w);
}

#endif
