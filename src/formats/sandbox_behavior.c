#include "formats/formats_priv.h"

#include "base/banned.h"

/* clang-format off */

/* What ran and what it did: CAPE's and Cuckoo's `behavior`. */

LOCAL_SHAPE(path, ATTR("", PATH), ATTR("operate", OPERATION), ATTR("value", PATH));
LOCAL_SHAPE(key, ATTR("", KEY), ATTR("operate", OPERATION), ATTR("value", KEY));
LOCAL_SHAPE(named, ATTR("", NAME), ATTR("operate", OPERATION), ATTR("value", NAME));
LOCAL_SHAPE(command, ATTR("", COMMAND), ATTR("operate", OPERATION), ATTR("value", COMMAND));
LOCAL_SHAPE(service, ATTR("", SERVICE));
LOCAL_SHAPE(com, ATTR("", ID));
LOCAL_SHAPE(item, ATTR("", VALUE), OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(summary,
    /* CAPE: always these thirteen */
    FACT("files", FILE_OPENED, path),
    FACT("read_files", FILE_READ, path),
    FACT("write_files", FILE_WRITTEN, path),
    FACT("delete_files", FILE_DELETED, path),
    FACT("keys", KEY_OPENED, key),
    FACT("read_keys", KEY_READ, key),
    FACT("write_keys", KEY_WRITTEN, key),
    FACT("delete_keys", KEY_DELETED, key),
    FACT("executed_commands", COMMAND, command),
    FACT("resolved_apis", API_RESOLVED, named),
    FACT("mutexes", MUTEX, named),
    FACT("created_services", SERVICE_CREATED, service),
    FACT("started_services", SERVICE_STARTED, service),
    /* Cuckoo: each optional */
    FACT("file_opened", FILE_OPENED, path),
    FACT("file_created", FILE_CREATED, path),
    FACT("file_recreated", FILE_RECREATED, path),
    FACT("file_read", FILE_READ, path),
    FACT("file_written", FILE_WRITTEN, path),
    FACT("file_deleted", FILE_DELETED, path),
    FACT("file_exists", FILE_EXISTS, path),
    FACT("file_failed", FILE_FAILED, path),
    PAIRS("file_moved", FILE_MOVED),
    PAIRS("file_copied", FILE_COPIED),
    FACT("directory_created", DIR_CREATED, path),
    FACT("directory_removed", DIR_REMOVED, path),
    FACT("directory_enumerated", DIR_LISTED, path),
    FACT("regkey_opened", KEY_OPENED, key),
    FACT("regkey_read", KEY_READ, key),
    FACT("regkey_written", KEY_WRITTEN, key),
    FACT("regkey_deleted", KEY_DELETED, key),
    FACT("dll_loaded", MODULE, path),
    FACT("command_line", COMMAND, command),
    FACT("mutex", MUTEX, named),
    FACT("guid", COM_OBJECT, com),
    FACT("wmi_query", WMI_QUERY, command),
    FACT("connects_ip", HOST, host),
    FACT("connects_host", DOMAIN, domain),
    FACT("resolves_host", DOMAIN, domain),
    OTHER_FACT(CATEGORY, SUMMARY_ITEM, item));

LOCAL_SHAPE(module,
    ATTR("", PATH),
    ATTR("filepath", PATH),
    ATTR("basename", NAME),
    ATTR("baseaddr", ADDRESS),
    ATTR("imgsize", SIZE),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(environment,
    ATTR("CommandLine", COMMAND_LINE),
    ATTR("UserName", USER),
    ATTR("ComputerName", COMPUTER),
    OTHER_LEAVES(ENVIRONMENT));

/* Cuckoo repeats under each process which signatures it set off. */
LOCAL_SHAPE(process_signature,
    ATTR("name", SIGNATURE),
    ATTR("description", DESCRIPTION),
    ATTR("severity", SEVERITY),
    ATTR("sig_class", CLASS),
    OTHER_LEAVES(DETAIL));

/* Here `path` is the guest's; in the list of all dropped files it is the sandbox's. */
LOCAL_SHAPE(process_dropped,
    ATTR("name", NAME),
    ATTR("path", PATH),
    ATTR("sha256", SHA256),
    ATTR("size", SIZE),
    ATTR("type", TYPE),
    OTHER_LEAVES(STATIC_DETAIL));

static const as_shape as_shape_process;
/* One process, in the list, in the tree (with children) or in Cuckoo's `generic`. */
static const as_row process_rows[] = {
    ATTR("process_id", PID),
    ATTR("pid", PID),
    ATTR("parent_id", PPID),
    ATTR("ppid", PPID),
    ATTR("tid", TID),
    ATTR("process_name", NAME),
    ATTR("name", NAME),
    ATTR("module_path", PATH),
    ATTR("process_path", PATH),
    ATTR("command_line", COMMAND_LINE),
    ATTR("first_seen", FIRST_SEEN),
    ATTR("threads", THREAD),
    ATTR("track", TRACKED),
    ATTR("description", DESCRIPTION),
    INTO("environ", environment),
    HOOK("calls", as_read_calls),
    FACT("children", PROCESS, process),
    FACT("modules", MODULE, module),
    FACT("files", FILE_OPENED, path),
    FACT("file_activities", FILE_OPENED, path),
    FACT("registry", KEY_OPENED, key),
    FACT("mutex", MUTEX, named),
    FACT("wmi_query", WMI_QUERY, command),
    INTO("summary", summary),
    FACT("signatures", MARK, process_signature),
    FACT("network", HOST, host),
    FACT("dropped", DROPPED, process_dropped),
    OTHER_LEAVES(DETAIL),
};
static const as_shape as_shape_process = { process_rows, AS_COUNT(process_rows) };

LOCAL_SHAPE(event_data,
    ATTR("file", PATH),
    ATTR("regkey", KEY),
    ATTR("content", CONTENT),
    ATTR("from", FROM),
    ATTR("to", TO),
    ATTR("service", SERVICE),
    ATTR("pathtofile", SOURCE),
    ATTR("moduleaddress", ADDRESS),
    ATTR("classname", CLASS),
    ATTR("windowname", WINDOW),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(event,
    ATTR("event", OPERATION),
    ATTR("object", OBJECT),
    ATTR("timestamp", TIME),
    ATTR("eid", EVENT_ID),
    INTO("data", event_data),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(plaintext,
    ATTR("process_name", PROCESS_NAME),
    ATTR("pid", PID),
    ATTR("api_call", API),
    ATTR("buffer", CONTENT),
    ATTR("buffer_size", SIZE),
    OTHER_LEAVES(DETAIL));

LOCAL_SHAPE(anomaly,
    ATTR("", NAME),
    ATTR("name", PROCESS_NAME),
    ATTR("process", PROCESS_NAME),
    ATTR("pid", PID),
    ATTR("category", CATEGORY),
    ATTR("funcname", API),
    ATTR("message", TEXT),
    OTHER_LEAVES(DETAIL));

/* Cuckoo: {"<pid>":{"<api>":count}}. */
LOCAL_SHAPE(api_count, ATTR("", COUNT));
LOCAL_SHAPE(api_counts, OTHER_FACT(API, API_USE, api_count));
LOCAL_SHAPE(api_stats, OTHER_INTO(PID, api_counts));

SHAPE(behavior,
    FACT("processes", PROCESS, process),
    FACT("processtree", PROCESS, process),
    FACT("generic", PROCESS, process),
    INTO("summary", summary),
    INTO("apistats", api_stats),
    FACT("enhanced", EVENT, event),
    FACT("encryptedbuffers", PLAINTEXT, plaintext),
    FACT("anomaly", ANOMALY, anomaly),
    OTHER_LEAVES(DETAIL));
