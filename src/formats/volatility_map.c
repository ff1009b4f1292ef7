#include "formats/volatility_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * Which plugin writes which columns, and what they mean. Names are those of the plugins'
 * own sources; where two plugins write the same columns, both are named. Of several plugins
 * whose columns are all there, the one that asks for most is meant.
 */

static const struct {
    const char *name;
    uint16_t attr;
} columns[] = {{"", AS_NO_ATTR},
#define AS_X(id, name, attr) {name, AS_ATTR_##attr},
               AS_VOLATILITY_COLUMN_MAP(AS_X)
#undef AS_X
};

/* clang-format off */

#define TO(column, attr) { AS_COLUMN_##column, AS_ATTR_##attr }
#define OWN(column)      { AS_COLUMN_##column, AS_NO_ATTR } /* under its own name */
#define LAST             { AS_COLUMN_OTHER, 0 }
#define MAP(name)        static const as_volatility_map name[]

MAP(process) = { TO(CMD, COMMAND_LINE), TO(AUDIT, MODULE_PATH), TO(START, FIRST_SEEN),
    TO(EXIT, ENDED), LAST };
MAP(range) = { TO(START, ADDRESS), TO(END, TO), LAST };
MAP(vad) = { TO(OFFSET, OFFSET), TO(START, ADDRESS), TO(END, TO), LAST };
MAP(old_vad) = { TO(DATA, CONTENT), TO(FLAGS, CHARACTERISTICS), LAST };
MAP(library) = { TO(PATH, PATH), LAST };
MAP(service) = { TO(NAME, SERVICE), TO(OFFSET, OFFSET), LAST };
MAP(module) = { TO(OFFSET, OFFSET), TO(OFFSET_V, OFFSET), TO(OFFSET_P, OFFSET), LAST };
MAP(driver) = { TO(START, ADDRESS), TO(OFFSET, OFFSET), TO(OFFSET_P, OFFSET), TO(NAME, OBJECT),
    TO(DRIVER_NAME, NAME), LAST };
MAP(irp) = { TO(OFFSET, OFFSET), LAST };
MAP(device) = { TO(DRIVER_NAME, OBJECT), LAST };
MAP(entry) = { TO(TABLE_NAME, TYPE), LAST };
MAP(file_object) = { TO(NAME, PATH), LAST };
MAP(registry) = { TO(DATA, CONTENT), LAST };
MAP(assist) = { TO(PATH, KEY), TO(COUNT, COUNT), OWN(LAST_WRITE_TIME), OWN(TYPE), LAST };
MAP(secret) = { TO(KEY, NAME), LAST };
MAP(cached) = { TO(DOMAIN, DOMAIN), LAST };
MAP(privilege) = { TO(ATTRIBUTES, STATUS), OWN(VALUE), LAST };
MAP(yara) = { OWN(OWNER), LAST };
MAP(old_yara) = { TO(DATA, VALUE), LAST };
MAP(fact) = { TO(VARIABLE, NAME), LAST };
MAP(environment) = { TO(KEY, NAME), LAST };
MAP(event) = { TO(DESCRIPTION, TEXT), LAST };
MAP(record) = { OWN(OFFSET), LAST };
MAP(thread) = { TO(OFFSET, OFFSET), LAST };
MAP(console) = { TO(DATA, TEXT), LAST };
MAP(mutex) = { TO(MUTANT_CID, METADATA), LAST };
MAP(socket) = { TO(OFFSET, OFFSET), TO(OFFSET_V, OFFSET), TO(OFFSET_P, OFFSET),
    TO(SOCK_OFFSET, OFFSET), TO(FD, ID), TO(PORT, SPORT), TO(ADDRESS, SRC), LAST };
/* Old sockets give the protocol's number and, beside it, its name. */
MAP(old_socket) = { TO(OFFSET_V, OFFSET), TO(PORT, SPORT), TO(ADDRESS, SRC), OWN(PROTO), LAST };
MAP(kernel_log) = { TO(LINE, TEXT), LAST };

#define C_(column) AS_COLUMN_##column
#define N1(a) { C_(a) }
#define N2(a, b) { C_(a), C_(b) }
#define N3(a, b, c) { C_(a), C_(b), C_(c) }
#define N4(a, b, c, d) { C_(a), C_(b), C_(c), C_(d) }
#define N5(a, b, c, d, e) { C_(a), C_(b), C_(c), C_(d), C_(e) }
#define N6(a, b, c, d, e, f) { C_(a), C_(b), C_(c), C_(d), C_(e), C_(f) }

#define V3(name, kind_, map_, ...)                                                            \
    { .tool = "Volatility 3 " name, .version = 3, .kind = AS_KIND_##kind_, .map = map_,       \
      .needs = __VA_ARGS__ }
#define V3_EXACT(name, kind_, map_, ...)                                                      \
    { .tool = "Volatility 3 " name, .version = 3, .exact = true, .kind = AS_KIND_##kind_,     \
      .map = map_, .needs = __VA_ARGS__ }
#define V2(name, kind_, map_, ...)                                                            \
    { .tool = "Volatility 2 " name, .version = 2, .kind = AS_KIND_##kind_, .map = map_,       \
      .needs = __VA_ARGS__ }
#define V2_EXACT(name, kind_, map_, ...)                                                      \
    { .tool = "Volatility 2 " name, .version = 2, .exact = true, .kind = AS_KIND_##kind_,     \
      .map = map_, .needs = __VA_ARGS__ }

static const as_plugin plugins[] = {
    /* --- Windows --- */
    V3("windows.pstree", PROCESS, process, N4(PID, PPID, IMAGE_FILE_NAME, THREADS)),
    V3("windows.pslist/psscan", PROCESS, process,
       N5(PID, PPID, IMAGE_FILE_NAME, THREADS, FILE_OUTPUT)),
    V3("windows.psxview", PROCESS, process, N4(PID, NAME, PSLIST, PSSCAN)),
    V3("windows.cmdline", PROCESS, process, N3(PID, PROCESS, ARGS)),
    V3("windows.sessions", PROCESS, process, N4(PROCESS_ID, PROCESS, SESSION_ID, SESSION_TYPE)),
    V3("windows.malfind", MEMORY_FINDING, range, N5(PID, PROCESS, START_VPN, PROTECTION, HEXDUMP)),
    V3("windows.vadinfo", MEMORY_REGION, vad, N5(PID, PROCESS, START_VPN, END_VPN, PROTECTION)),
    V3("windows.vadwalk", MEMORY_REGION, vad, N5(PID, PROCESS, START, END, TAG)),
    V3("windows.ldrmodules", MEMORY_REGION, range, N5(PID, PROCESS, BASE, IN_LOAD, MAPPED_PATH)),
    V3("windows.dlllist", MODULE, library, N5(PID, PROCESS, BASE, LOAD_TIME, PATH)),
    V3("windows.netscan/netstat", SOCKET, socket, N4(PROTO, LOCAL_ADDR, FOREIGN_ADDR, OWNER)),
    V3("windows.envars", ENVIRONMENT, fact, N5(PID, PROCESS, BLOCK, VARIABLE, VALUE)),
    V3("windows.handles", HANDLE, NULL, N5(PID, PROCESS, HANDLE_VALUE, TYPE, GRANTED_ACCESS)),
    V3("windows.svcscan/svclist", SERVICE, service, N5(ORDER, NAME, DISPLAY, STATE, BINARY)),
    V3("windows.callbacks", KERNEL_HANDLER, entry, N4(TYPE, CALLBACK, MODULE, SYMBOL)),
    V3("windows.ssdt", KERNEL_HANDLER, entry, N4(INDEX, ADDRESS, MODULE, SYMBOL)),
    V3("windows.driverirp", KERNEL_HANDLER, irp, N5(DRIVER_NAME, IRP, ADDRESS, MODULE, SYMBOL)),
    V3("windows.timers", KERNEL_HANDLER, irp, N4(OFFSET, ROUTINE, MODULE, SYMBOL)),
    V3("windows.modules/modscan", KERNEL_MODULE, module, N5(OFFSET, BASE, SIZE, NAME, PATH)),
    V3("windows.driverscan", KERNEL_MODULE, driver, N5(OFFSET, START, SIZE, SERVICE_KEY,
                                                       DRIVER_NAME)),
    V3("windows.drivermodule", KERNEL_MODULE, driver, N3(OFFSET, DRIVER_NAME, SERVICE_KEY)),
    V3("windows.unloadedmodules", KERNEL_MODULE, range, N4(NAME, START_ADDRESS, END_ADDRESS,
                                                           TIME)),
    V3("windows.devicetree", MEMORY_OBJECT, device, N3(OFFSET, DRIVER_NAME, DEVICE_NAME)),
    V3_EXACT("windows.filescan/mutantscan", MEMORY_OBJECT, NULL, N2(OFFSET, NAME)),
    V3_EXACT("windows.filescan/linux.lsmod", MEMORY_OBJECT, NULL, N3(OFFSET, NAME, SIZE)),
    V3("windows.symlinkscan", MEMORY_OBJECT, NULL, N3(OFFSET, FROM_NAME, TO_NAME)),
    V3("windows.deskscan", MEMORY_OBJECT, NULL, N3(OFFSET, WINDOW_STATION, DESKTOP)),
    V3("windows.registry.hivelist", MEMORY_OBJECT, NULL, N2(OFFSET, FILE_FULL_PATH)),
    V3_EXACT("windows.registry.hivescan", MEMORY_OBJECT, NULL, N1(OFFSET)),
    V3("windows.mftscan", MEMORY_OBJECT, record, N3(RECORD_NUMBER, MFT_TYPE, FILE_NAME)),
    V3("windows.bigpools", MEMORY_OBJECT, NULL, N4(ALLOCATION, TAG, POOL_TYPE, NUMBER_OF_BYTES)),
    V3_EXACT("banners", MEMORY_OBJECT, NULL, N2(OFFSET, BANNER)),
    V3("windows.registry.printkey", REGISTRY_VALUE, registry,
       N5(LAST_WRITE_TIME, HIVE_OFFSET, KEY, NAME, DATA)),
    V3("windows.registry.userassist", PROGRAM_TRACE, assist,
       N5(HIVE_NAME, PATH, NAME, COUNT, TIME_FOCUSED)),
    V3("windows.amcache", PROGRAM_TRACE, NULL, N4(ENTRY_TYPE, PATH, COMPILE_TIME, SHA1)),
    V3("windows.shimcachemem", PROGRAM_TRACE, NULL, N4(ORDER, LAST_MODIFIED, EXEC_FLAG,
                                                       FILE_FULL_PATH)),
    V3("windows.scheduled_tasks", SCHEDULED_TASK, NULL, N4(TASK_NAME, ACTION, ACTION_ARGUMENTS,
                                                 LAST_RUN_TIME)),
    V3("windows.hashdump", STORED_SECRET, NULL, N3(USER, RID, NT_HASH)),
    V3("windows.lsadump", STORED_SECRET, secret, N3(KEY, SECRET, HEX)),
    V3("windows.cachedump", STORED_SECRET, cached, N3(USER_NAME, DOMAIN, HASH)),
    V3("windows.getsids", PRIVILEGE, NULL, N4(PID, PROCESS, SID, NAME)),
    V3("windows.privileges", PRIVILEGE, privilege, N4(PID, PROCESS, PRIVILEGE, ATTRIBUTES)),
    V3("windows.vadyarascan", YARA, yara, N4(OFFSET, PID, RULE, COMPONENT)),
    V3("yarascan", YARA, yara, N3(OFFSET, RULE, COMPONENT)),
    V3_EXACT("windows.info", DETAIL, fact, N2(VARIABLE, VALUE)),
    V3("timeliner", MEMORY_ROW, event, N4(PLUGIN, DESCRIPTION, CREATED_DATE, MODIFIED_DATE)),
    V3("windows.hollowprocesses", MEMORY_FINDING, NULL, N3(PID, PROCESS, NOTES)),
    V3("windows.processghosting", MEMORY_FINDING, NULL, N4(PID, PROCESS, DELETE_PENDING, PATH)),
    V3("windows.suspicious_threads", MEMORY_FINDING, NULL, N5(PID, PROCESS, TID, CONTEXT, ADDRESS)),
    V3("windows.direct_system_calls", MEMORY_FINDING, NULL, N4(PID, PROCESS, ADDRESS, VAD_RANGE)),
    V3("windows.unhooked_system_calls", MEMORY_ROW, NULL, N2(FUNCTION, DISTINCT)),
    V3("windows.skeleton_key_check", MEMORY_ROW, NULL, N3(PID, PROCESS, SKELETON_KEY_FOUND)),
    V3("windows.threads/thrdscan", MEMORY_ROW, thread, N5(PID, TID, START_ADDRESS, START_PATH,
                                                          WIN32_START_PATH)),
    V3("windows.verinfo", MEMORY_ROW, NULL, N6(PID, PROCESS, BASE, MAJOR, PRODUCT, BUILD)),
    V3("windows.iat", MEMORY_ROW, NULL, N5(PID, LIBRARY, BOUND, FUNCTION, ADDRESS)),
    V3("windows.consoles/cmdscan", MEMORY_ROW, console, N4(PROCESS, CONSOLE_INFO, PROPERTY, DATA)),
    V3("windows.strings", MEMORY_ROW, NULL, N2(STRING, PHYSICAL_ADDRESS)),

    /* --- Linux --- */
    V3("linux.pslist", PROCESS, process, N4(OFFSET_V, PID, PPID, COMM)),
    V3("linux.psscan", PROCESS, process, N5(OFFSET_P, PID, PPID, COMM, EXIT_STATE)),
    V3("linux.pslist", PROCESS, process, N6(OFFSET_V, PID, PPID, COMM, UID, CREATION_TIME)),
    V3_EXACT("linux.pstree", PROCESS, process, N5(OFFSET_V, PID, TID, PPID, COMM)),
    V3("linux.psaux", PROCESS, process, N4(PID, PPID, COMM, ARGS)),
    V3("linux.capabilities", PROCESS, process, N4(NAME, PID, EUID, CAP_EFFECTIVE)),
    V3("linux.bash", COMMAND, NULL, N4(PID, PROCESS, COMMAND_TIME, COMMAND)),
    V3("linux.lsof", HANDLE, NULL, N5(PID, PROCESS, FD, PATH, INODE)),
    V3_EXACT("linux.lsof", HANDLE, NULL, N4(PID, PROCESS, FD, PATH)),
    V3("linux.lsmod", KERNEL_MODULE, module, N3(OFFSET, MODULE_NAME, CODE_SIZE)),
    V3("linux.check_modules/hidden_modules", KERNEL_MODULE, module, N2(MODULE_ADDRESS,
                                                                       MODULE_NAME)),
    V3("linux.check_syscall", KERNEL_HANDLER, entry, N4(TABLE_NAME, INDEX, HANDLER_ADDRESS,
                                                        HANDLER_SYMBOL)),
    V3("linux.tty_check", KERNEL_HANDLER, entry, N4(NAME, ADDRESS, MODULE, SYMBOL)),
    V3_EXACT("linux.keyboard_notifiers", KERNEL_HANDLER, entry, N3(ADDRESS, MODULE, SYMBOL)),
    V3("linux.malfind", MEMORY_FINDING, range, N5(PID, PROCESS, START, PROTECTION, HEXDUMP)),
    V3("linux.sockstat", SOCKET, socket, N5(PID, SOCK_OFFSET, FAMILY, SOURCE_ADDR,
                                            DESTINATION_ADDR)),
    V3("linux.envars", ENVIRONMENT, environment, N5(PID, PPID, COMM, KEY, VALUE)),
    V3("linux.elfs", MEMORY_REGION, range, N5(PID, PROCESS, START, END, FILE_PATH)),
    V3("linux.proc.Maps", MEMORY_REGION, range, N6(PID, PROCESS, START, END, FLAGS, PG_OFF)),
    V3("linux.mountinfo", MEMORY_ROW, NULL, N2(MOUNT_POINT, FS_TYPE)),
    V3("linux.kmsg", MEMORY_ROW, kernel_log, N4(FACILITY, TIMESTAMP, LINE, LEVEL)),

    /* --- macOS --- */
    V3("mac.pslist", PROCESS, process, N5(OFFSET, NAME, PID, UID, PPID)),
    V3_EXACT("mac.pstree", PROCESS, process, N3(PID, PPID, COMM)),
    V3("mac.psaux", PROCESS, process, N3(PID, PROCESS, ARGUMENTS)),
    V3("mac.netstat", SOCKET, socket, N4(PROTO, LOCAL_IP, REMOTE_IP, PROCESS)),
    V3_EXACT("mac.malfind", MEMORY_FINDING, range, N5(PID, PROCESS, START, END, PROTECTION)),
    V3("mac.proc_maps", MEMORY_REGION, range, N6(PID, PROCESS, START, END, PROTECTION, MAP_NAME)),
    V3("mac.lsof", HANDLE, NULL, N3(PID, FILE_DESCRIPTOR, FILE_PATH)),
    V3("mac.check_syscall/check_sysctl/check_trap_table", KERNEL_HANDLER, entry,
       N5(TABLE_NAME, INDEX, HANDLER_ADDRESS, HANDLER_MODULE, HANDLER_SYMBOL)),
    V3("mac.trustedbsd/kauth_listeners", KERNEL_HANDLER, entry,
       N4(MEMBER, HANDLER_ADDRESS, HANDLER_MODULE, HANDLER_SYMBOL)),

    /* --- the second version --- */
    V2("pslist", PROCESS, process, N5(NAME, PID, PPID, THDS, START)),
    V2("psscan", PROCESS, process, N4(NAME, PID, PPID, TIME_CREATED)),
    V2("pstree", PROCESS, process, N5(NAME, PID, PPID, THDS, TIME)),
    V2("psxview", PROCESS, process, N5(NAME, PID, PSLIST, PSSCAN, THRDPROC)),
    V2("cmdline", PROCESS, process, N3(PROCESS, PID, COMMAND_LINE)),
    V2("malfind", MEMORY_FINDING, old_vad, N5(PROCESS, PID, ADDRESS, VAD_TAG, PROTECTION)),
    V2("ldrmodules", MEMORY_REGION, range, N5(PID, PROCESS, BASE, IN_LOAD, MAPPED_PATH)),
    V2("dlllist", MODULE, library, N4(PID, BASE, SIZE, PATH)),
    V2("netscan", SOCKET, socket, N4(PROTO, LOCAL_ADDR, FOREIGN_ADDR, PID)),
    V2("connections/connscan", SOCKET, socket, N3(LOCAL_ADDRESS, REMOTE_ADDRESS, PID)),
    V2("sockets/sockscan", SOCKET, old_socket, N4(PID, PORT, PROTOCOL, ADDRESS)),
    V2("envars", ENVIRONMENT, fact, N5(PID, PROCESS, BLOCK, VARIABLE, VALUE)),
    V2("handles", HANDLE, NULL, N5(PID, HANDLE, ACCESS, TYPE, DETAILS)),
    V2("svcscan", SERVICE, service, N4(SERVICE_NAME, DISPLAY_NAME, STATE, BINARY_PATH)),
    V2("callbacks", KERNEL_HANDLER, entry, N4(TYPE, CALLBACK, MODULE, DETAILS)),
    V2("modules/modscan", KERNEL_MODULE, module, N4(NAME, BASE, SIZE, FILE)),
    V2("driverscan", KERNEL_MODULE, driver, N4(START, SIZE, SERVICE_KEY, DRIVER_NAME)),
    V2("filescan", MEMORY_OBJECT, file_object, N4(OFFSET_P, NUMBER_PTR, ACCESS, NAME)),
    V2("mutantscan", MEMORY_OBJECT, mutex, N4(OFFSET_P, NUMBER_PTR, MUTANT_CID, NAME)),
    V2("symlinkscan", MEMORY_OBJECT, NULL, N4(OFFSET_P, NUMBER_PTR, FROM, TO)),
    V2_EXACT("hivelist", MEMORY_OBJECT, NULL, N3(VIRTUAL, PHYSICAL, NAME)),
    V2("getsids", PRIVILEGE, NULL, N4(PID, PROCESS, SID, NAME)),
    V2("privs", PRIVILEGE, privilege, N4(PID, PROCESS, PRIVILEGE, ATTRIBUTES)),
    V2("yarascan", YARA, old_yara, N4(RULE, OWNER, OFFSET, DATA)),
    V2("linux_pslist", PROCESS, process, N5(OFFSET, NAME, PID, PPID, START_TIME)),
    V2("linux_bash", COMMAND, NULL, N3(PID, COMMAND_TIME, COMMAND)),
};

/* clang-format on */

/* "Offset(V)" is "offsetv". A "#" is kept: "Cmd #" is not "Cmd". */
static bool same_name(as_bytes name, const char *plain)
{
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];

        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '#'))
            continue;
        if (c != (uint8_t)*plain)
            return false;
        plain++;
    }
    return !*plain;
}

as_volatility_column as_volatility_column_of(as_bytes name)
{
    for (size_t i = 1; i < AS_COUNT(columns); i++) {
        if (same_name(name, columns[i].name))
            return (as_volatility_column)i;
    }
    return AS_COLUMN_OTHER;
}

/* Processes call themselves by the names that others call them by. */
static as_attr_name of_process(as_attr_name attr)
{
    switch (attr) {
    case AS_ATTR_PROCESS_NAME:
        return AS_ATTR_NAME;
    case AS_ATTR_TIME:
        return AS_ATTR_FIRST_SEEN;
    case AS_ATTR_ADDRESS:
        return AS_ATTR_OFFSET;
    default:
        return attr;
    }
}

as_attr_name as_volatility_attr(const as_plugin *plugin, as_volatility_column column)
{
    as_attr_name attr = (as_attr_name)columns[column].attr;

    for (const as_volatility_map *m = plugin ? plugin->map : NULL; m && m->column; m++) {
        if (m->column == (uint8_t)column)
            return (as_attr_name)m->attr;
    }
    return plugin && plugin->kind == AS_KIND_PROCESS ? of_process(attr) : attr;
}

void as_columns_add(as_columns *c, as_volatility_column column)
{
    c->n++;
    if (column == AS_COLUMN_OTHER)
        return;
    c->known++;
    c->bits[column / 64] |= (uint64_t)1 << (column % 64);
}

bool as_columns_within(const as_columns *part, const as_columns *whole)
{
    if (part->n < 2 || part->n != part->known)
        return false;
    for (size_t i = 0; i < AS_COUNT(part->bits); i++) {
        if (part->bits[i] & ~whole->bits[i])
            return false;
    }
    return true;
}

static bool has_all(const as_columns *c, const as_plugin *p)
{
    for (size_t i = 0; i < AS_PLUGIN_NEEDS && p->needs[i]; i++) {
        if (!((c->bits[p->needs[i] / 64] >> (p->needs[i] % 64)) & 1))
            return false;
    }
    return !p->exact || c->n == as_plugin_needs(p);
}

size_t as_plugin_needs(const as_plugin *plugin)
{
    size_t n = 0;

    while (n < AS_PLUGIN_NEEDS && plugin->needs[n])
        n++;
    return n;
}

const as_plugin *as_plugin_of(unsigned version, const as_columns *c)
{
    const as_plugin *best = NULL;

    for (size_t i = 0; i < AS_COUNT(plugins); i++) {
        const as_plugin *p = &plugins[i];

        if (p->version == version && has_all(c, p) &&
            (!best || as_plugin_needs(p) > as_plugin_needs(best) ||
             (as_plugin_needs(p) == as_plugin_needs(best) && p->exact && !best->exact)))
            best = p;
    }
    return best;
}

const as_plugin *as_plugin_get(size_t i)
{
    return i < AS_COUNT(plugins) ? &plugins[i] : NULL;
}
