#include "describe/describe_priv.h"

#include <string.h>

#include "base/banned.h"

/* What kind of trace a place is looked for in. */
enum { IN_KEYS = 1, IN_FILES = 2, IN_COMMANDS = 4, IN_SERVICES = 8, IN_WMI = 16 };

/*
 * Places from which Windows starts programs by itself. A match says that something
 * was written there, not that it would have worked.
 */
static const struct place {
    unsigned where;
    const char *needle, *also; /* both must be in the text, ASCII case aside; NULL: no second one */
    const char *said[AS_SAY_LANGS]; /* before the list */
    const char *why[AS_SAY_LANGS];  /* after it */
} places[] = {
    {IN_KEYS,
     "\\CurrentVersion\\Run",
     NULL,
     {"Written to a Run key: ", "写入了自启动注册表项："},
     {"Windows starts what such a key names at logon", "用户登录时，系统会启动其中登记的程序"}},
    {IN_KEYS,
     "\\Winlogon\\Shell",
     NULL,
     {"Written to Winlogon: ", "写入了 Winlogon 的 Shell 值："},
     {"Winlogon starts this shell at logon", "用户登录时由 Winlogon 启动"}},
    {IN_KEYS,
     "\\Winlogon\\Userinit",
     NULL,
     {"Written to Winlogon: ", "写入了 Winlogon 的 Userinit 值："},
     {"Winlogon runs these programs at logon", "用户登录时由 Winlogon 启动"}},
    {IN_KEYS,
     "\\Image File Execution Options\\",
     NULL,
     {"Written to Image File Execution Options: ", "写入了映像劫持（IFEO）相关的注册表项："},
     {"A debugger named there is started in place of the program",
      "其中登记的调试器会代替目标程序启动"}},
    {IN_KEYS,
     "\\AppInit_DLLs",
     NULL,
     {"Written to AppInit_DLLs: ", "写入了 AppInit_DLLs："},
     {"Windows loads these libraries into processes with a window",
      "系统会将其中的 DLL 加载到使用 user32 的进程"}},
    {IN_KEYS,
     "\\InprocServer32",
     NULL,
     {"Written to the registration of a COM server: ", "写入了 COM 组件的注册信息："},
     {"The library is loaded when a program asks for the object",
      "程序创建该对象时会加载其中的 DLL"}},
    {IN_KEYS,
     "\\Active Setup\\Installed Components",
     NULL,
     {"Written to Active Setup: ", "写入了 Active Setup 注册表项："},
     {"Its commands run once for each user at logon", "其中的命令会在每个用户首次登录时执行"}},
    {IN_KEYS,
     "\\Control\\Lsa\\",
     "Packages",
     {"Written to the packages of LSA: ", "写入了 LSA 扩展包注册表项："},
     {"LSA loads these libraries when Windows starts", "系统启动时由 LSA 加载"}},
    {IN_KEYS,
     "\\Schedule\\TaskCache\\",
     NULL,
     {"Written to the cache of scheduled tasks: ", "写入了计划任务缓存："},
     {"Windows keeps the tasks that it starts here", "系统在此保存计划任务"}},
    {IN_KEYS,
     "\\Services\\",
     "ImagePath",
     {"Written to the image path of a service: ", "写入了服务的映像路径："},
     {"It names the program that the service runs", "它指定服务运行的程序"}},
    {IN_KEYS,
     "\\Services\\",
     "ServiceDll",
     {"Written to the library of a service: ", "写入了服务的 ServiceDll："},
     {"Svchost loads this library for the service", "svchost 会为该服务加载此 DLL"}},
    {IN_FILES,
     "\\Start Menu\\Programs\\Startup\\",
     NULL,
     {"Written to a Startup folder: ", "在启动文件夹中写入了："},
     {"Windows opens what lies there at logon", "用户登录时，系统会打开其中的文件"}},
    {IN_FILES,
     "\\Windows\\System32\\Tasks\\",
     NULL,
     {"Written to the folder of scheduled tasks: ", "在计划任务目录中写入了："},
     {"Windows keeps the tasks that it starts here", "系统在此保存计划任务"}},
    {IN_COMMANDS,
     "schtasks",
     "/create",
     {"A command to create a scheduled task: ", "执行了创建计划任务的命令："},
     {"A task is started by Windows at the times it names", "系统会按任务设定的时间启动程序"}},
    {IN_COMMANDS,
     "Register-ScheduledTask",
     NULL,
     {"A command to create a scheduled task: ", "执行了创建计划任务的命令："},
     {"A task is started by Windows at the times it names", "系统会按任务设定的时间启动程序"}},
    {IN_COMMANDS,
     "reg",
     "\\CurrentVersion\\Run",
     {"A command that names a Run key: ", "命令中涉及自启动注册表项："},
     {"Windows starts what such a key names at logon", "用户登录时，系统会启动其中登记的程序"}},
    {IN_COMMANDS,
     "\\Start Menu\\Programs\\Startup",
     NULL,
     {"A command that names the Startup folder: ", "命令中涉及启动文件夹："},
     {"Windows opens what lies there at logon", "用户登录时，系统会打开其中的文件"}},
    {IN_COMMANDS,
     "sc",
     " create ",
     {"A command that may create a service: ", "可能用于创建服务的命令："},
     {"Services can be started by Windows without a user", "服务可由系统自动启动，无需用户登录"}},
    {IN_COMMANDS,
     "New-Service",
     NULL,
     {"A command to create a service: ", "执行了创建服务的命令："},
     {"Services can be started by Windows without a user", "服务可由系统自动启动，无需用户登录"}},
    {IN_SERVICES,
     "",
     NULL,
     {"Services created: ", "创建了服务："},
     {"Services can be started by Windows without a user", "服务可由系统自动启动，无需用户登录"}},
    {IN_WMI | IN_COMMANDS,
     "__EventFilter",
     NULL,
     {"A WMI event filter is named: ", "涉及 WMI 事件过滤器："},
     {"With a consumer it lets WMI start programs on events",
      "与事件消费者绑定后，WMI 可在事件发生时启动程序"}},
    {IN_WMI | IN_COMMANDS,
     "EventConsumer",
     NULL,
     {"A WMI event consumer is named: ", "涉及 WMI 事件消费者："},
     {"WMI starts its program or script when the event comes",
      "事件发生时，WMI 会运行其中的程序或脚本"}},
};

static const struct trace {
    as_kind kind;
    unsigned where;
    as_attr_name attr;
} traces[] = {
    {AS_KIND_KEY_WRITTEN, IN_KEYS, AS_ATTR_KEY},
    {AS_KIND_FILE_WRITTEN, IN_FILES, AS_ATTR_PATH},
    {AS_KIND_FILE_CREATED, IN_FILES, AS_ATTR_PATH},
    {AS_KIND_FILE_RECREATED, IN_FILES, AS_ATTR_PATH},
    {AS_KIND_FILE_MOVED, IN_FILES, AS_ATTR_TO},
    {AS_KIND_FILE_COPIED, IN_FILES, AS_ATTR_TO},
    {AS_KIND_DROPPED, IN_FILES, AS_ATTR_PATH},
    {AS_KIND_COMMAND, IN_COMMANDS, AS_ATTR_COMMAND},
    {AS_KIND_PROCESS, IN_COMMANDS, AS_ATTR_COMMAND_LINE},
    {AS_KIND_SERVICE_CREATED, IN_SERVICES, AS_ATTR_SERVICE},
    {AS_KIND_WMI_QUERY, IN_WMI, AS_ATTR_COMMAND},
};

typedef struct finds {
    uint32_t *facts;
    as_bytes *values;
    size_t n;
} finds;

/* "sc" and "reg" are the programs of these names, not any word with these letters. */
static bool starts_program(as_bytes text, const char *name)
{
    as_bytes want = as_bytes_of(name);

    for (size_t i = 0; want.n <= text.n && i <= text.n - want.n; i++) {
        uint8_t after = i + want.n < text.n ? text.p[i + want.n] : ' ';

        if (as_bytes_eq_nocase((as_bytes){text.p + i, want.n}, want) &&
            (i == 0 || text.p[i - 1] == '\\' || text.p[i - 1] == ' ' || text.p[i - 1] == '"') &&
            (after == ' ' || after == '.'))
            return true;
    }
    return false;
}

/* A needle that begins with a backslash is looked for at backslashes only: keys are many. */
static bool has_step(as_bytes text, as_bytes needle)
{
    const uint8_t *end = text.p + text.n;
    const uint8_t *at = memchr(text.p, '\\', text.n);

    while (at && needle.n <= (size_t)(end - at)) {
        if (as_bytes_eq_nocase((as_bytes){at, needle.n}, needle))
            return true;
        at = memchr(at + 1, '\\', (size_t)(end - at) - 1);
    }
    return false;
}

static bool has_needle(const struct place *p, unsigned where, as_bytes text)
{
    as_bytes needle = as_bytes_of(p->needle);

    if (where == IN_COMMANDS && needle.n <= 3)
        return starts_program(text, p->needle);
    if (needle.n > 0 && needle.p[0] == '\\')
        return has_step(text, needle);
    return as_bytes_has_nocase(text, p->needle);
}

static bool matches(const struct place *p, unsigned where, as_bytes text)
{
    if (!(p->where & where) || text.n == 0)
        return false;
    return has_needle(p, where, text) && (!p->also || as_bytes_has_nocase(text, p->also));
}

static bool has_value(const finds *f, as_bytes value)
{
    for (size_t i = f->n > 64 ? f->n - 64 : 0; i < f->n; i++) {
        if (as_bytes_eq(f->values[i], value))
            return true;
    }
    return false;
}

/* A process and the summary may both give a command: the value is told once. */
static void put_finds(as_teller *t, const struct place *p, const finds *f, size_t distinct)
{
    as_render r = as_say_render(t, f->facts[0], NULL);
    as_sentence head = {.fact = AS_NO_FACT, .process = t->actor[f->facts[0]]};
    bool zh = t->options.lang == AS_LANG_ZH;
    size_t max = distinct <= AS_SAY_LIST_MAX ? AS_SAY_LIST_MAX : AS_SAY_SHOWN, shown = 0;

    as_buf_reset(&t->text);
    as_say_run_of(&r, f->facts, f->n);
    as_put_text(&r, as_bytes_of(p->said[t->options.lang]));
    for (size_t i = 0; i < f->n; i++) {
        finds before = {f->facts, f->values, i};

        as_say_use(t, f->facts[i]);
        if (t->actor[f->facts[i]] != head.process)
            head.process = AS_NO_FACT;
        if (shown == max || has_value(&before, f->values[i]))
            continue;
        if (shown++ > 0)
            as_put_text(&r, zh ? AS_LITERAL("；") : AS_LITERAL("; "));
        as_put_value(&r, f->values[i]);
    }
    if (distinct > shown) {
        as_put_text(&r, zh ? AS_LITERAL("；另有") : AS_LITERAL("; and "));
        as_put_number(&r, distinct - shown);
        as_put_text(&r, zh ? AS_LITERAL("条") : AS_LITERAL(" more"));
    }
    head.folded = distinct - shown;
    as_put_text(&r, zh ? AS_LITERAL("。") : AS_LITERAL(". "));
    as_put_text(&r, as_bytes_of(p->why[t->options.lang]));
    as_put_stop(&r);
    as_say_close(t, head, false);
}

static size_t add_finds(const as_teller *t, const struct place *p, const struct trace *trace,
                        finds *f)
{
    size_t distinct = 0;

    for (size_t i = t->list_at[trace->kind]; i < t->list_at[trace->kind + 1]; i++) {
        uint32_t fact = t->list[i];
        as_bytes text = as_teller_text(t, fact, trace->attr);

        if (!matches(p, trace->where, text))
            continue;
        distinct += !has_value(f, text);
        f->facts[f->n] = fact;
        f->values[f->n++] = text;
    }
    return distinct;
}

static size_t count_traces(const as_teller *t)
{
    size_t n = 0;

    for (size_t i = 0; i < AS_COUNT(traces); i++)
        n += t->list_at[traces[i].kind + 1] - t->list_at[traces[i].kind];
    return n;
}

void as_say_persistence(as_teller *t)
{
    size_t n = count_traces(t);
    finds f = {as_arena_take(t->arena, n, sizeof(uint32_t)),
               as_arena_take(t->arena, n, sizeof(as_bytes)), 0};

    if (!f.facts || !f.values) {
        as_say_fail(t, AS_NOMEM);
        return;
    }
    for (size_t p = 0; p < AS_COUNT(places) && !t->rc; p++) {
        size_t distinct = 0;

        f.n = 0;
        for (size_t i = 0; i < AS_COUNT(traces); i++) {
            if (places[p].where & traces[i].where)
                distinct += add_finds(t, &places[p], &traces[i], &f);
        }
        if (f.n > 0)
            put_finds(t, &places[p], &f, distinct);
    }
}
