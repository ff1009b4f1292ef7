#include "formats/winevent_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * What the events of Windows mean. A row without which an event would be told as a
 * windows_event says which kind of fact it is; the map beside it, which of its fields
 * are which attributes. Field names are the provider's own.
 */

/* clang-format off */

#define TO(field, attr) { field, AS_ATTR_##attr }
#define END { NULL, 0 }
#define MAP(name) static const as_winevent_map name[]

const as_winevent_map as_winevent_common[] = {
    TO("ProcessId", PID), TO("Image", PROCESS_PATH), TO("ProcessName", PROCESS_PATH),
    TO("User", USER), TO("SubjectUserName", USER), TO("CommandLine", COMMAND_LINE), END };

/* --- Sysmon --- */
MAP(process) = { TO("Image", PATH), TO("ParentProcessId", PPID), END };
MAP(file) = { TO("TargetFilename", PATH), END };
MAP(file_time) = { TO("TargetFilename", PATH), TO("PreviousCreationUtcTime", FROM),
    TO("CreationUtcTime", TO), END };
MAP(flow) = { TO("Protocol", PROTOCOL), TO("SourceIp", SRC), TO("SourcePort", SPORT),
    TO("DestinationIp", DST), TO("DestinationPort", DPORT), TO("DestinationHostname", HOSTNAME),
    END };
MAP(loaded) = { TO("ImageLoaded", PATH), TO("Signature", SUBJECT), END };
MAP(thread) = { TO("SourceProcessId", PID), TO("SourceImage", PROCESS_PATH),
    TO("TargetProcessId", TARGET_PID), TO("TargetImage", TARGET_PATH), TO("NewThreadId", TID),
    TO("StartAddress", ADDRESS), TO("SourceUser", USER), END };
MAP(raw_read) = { TO("Device", PATH), END };
MAP(access) = { TO("SourceProcessId", PID), TO("SourceImage", PROCESS_PATH),
    TO("SourceThreadId", TID), TO("TargetProcessId", TARGET_PID), TO("TargetImage", TARGET_PATH),
    TO("GrantedAccess", ACCESS), TO("SourceUser", USER), END };
MAP(key) = { TO("EventType", OPERATION), TO("TargetObject", KEY), TO("Details", CONTENT),
    TO("NewName", TO), END };
MAP(stream) = { TO("TargetFilename", PATH), TO("Contents", CONTENT), END };
MAP(pipe) = { TO("EventType", OPERATION), TO("PipeName", NAME), END };
MAP(wmi) = { TO("Operation", OPERATION), TO("Name", NAME), TO("Query", COMMAND),
    TO("Destination", COMMAND), TO("Type", TYPE), TO("Consumer", TO), TO("Filter", FROM), END };
MAP(dns) = { TO("QueryName", REQUEST), TO("QueryStatus", CODE), TO("QueryResults", ANSWER), END };
MAP(sysmon_error) = { TO("Description", TEXT), END };

/* --- Security --- */
MAP(created) = { TO("NewProcessId", PID), TO("NewProcessName", PATH), TO("ProcessId", PPID), END };
MAP(logon) = { TO("TargetUserName", USER), TO("SubjectUserName", FROM), TO("LogonType", TYPE),
    TO("IpAddress", SRC), TO("IpPort", SPORT), TO("WorkstationName", HOSTNAME),
    TO("Workstation", HOSTNAME), TO("TargetServerName", TO), TO("ServiceName", SERVICE),
    TO("Status", STATUS), END };
MAP(object) = { TO("ObjectName", OBJECT), TO("ObjectType", TYPE), TO("AccessMask", ACCESS), END };
MAP(object_key) = { TO("ObjectName", KEY), TO("ObjectValueName", NAME), TO("NewValue", CONTENT),
    TO("OldValue", FROM), END };
MAP(service) = { TO("ServiceName", SERVICE), TO("ServiceFileName", PATH), TO("ImagePath", PATH),
    END };
MAP(task) = { TO("TaskName", NAME), TO("TaskContent", CONTENT), TO("TaskContentNew", CONTENT),
    TO("UserContext", USER), TO("UserName", USER), END };
MAP(account) = { TO("TargetUserName", NAME), TO("TargetDomainName", DOMAIN), END };
MAP(member) = { TO("TargetUserName", TO), TO("MemberName", NAME), END };
MAP(share) = { TO("ShareName", NAME), TO("RelativeTargetName", PATH), TO("IpAddress", SRC),
    TO("IpPort", SPORT), TO("AccessMask", ACCESS), END };
MAP(filter) = { TO("ProcessID", PID), TO("ProcessId", PID), TO("Application", PROCESS_PATH),
    TO("Protocol", PROTOCOL), TO("SourceAddress", SRC), TO("SourcePort", SPORT),
    TO("DestAddress", DST), TO("DestPort", DPORT), END };

/* --- the rest --- */
MAP(block) = { TO("ScriptBlockText", TEXT), TO("Path", PATH), END };
MAP(pipeline) = { TO("Payload", TEXT), END };
MAP(wmi_provider) = { TO("ProviderPath", PATH), TO("ProviderName", NAME), TO("ProcessID", PID), END };
MAP(wmi_query) = { TO("Operation", COMMAND), TO("ClientProcessId", PID), TO("ResultCode", CODE),
    END };
MAP(wmi_watch) = { TO("Query", COMMAND), TO("PossibleCause", CONTENT), TO("CONSUMER", TO),
    TO("ESS", NAME), TO("Processid", PID), END };
MAP(threat) = { TO("Product Name", ENGINE), TO("Threat Name", RESULT), TO("Path", PATH),
    TO("Category Name", CATEGORY), TO("Detection User", USER),
    TO("Process Name", PROCESS_PATH), END };
MAP(transfer) = { TO("url", URL), TO("Url", URL), TO("name", NAME), TO("jobTitle", NAME), END };

#define SYSMON(id, kind, map)     { AS_WINEVENT_SYSMON, id, AS_KIND_##kind, map }
#define SECURITY(id, kind, map)   { AS_WINEVENT_SECURITY, id, AS_KIND_##kind, map }
#define OF(source, id, kind, map) { AS_WINEVENT_##source, id, AS_KIND_##kind, map }

static const as_winevent_row rows[] = {
    SYSMON(1, PROCESS, process),         SYSMON(2, FILE_TIME, file_time),
    SYSMON(3, CONNECTION, flow),         SYSMON(5, PROCESS_ENDED, NULL),
    SYSMON(6, DRIVER, loaded),           SYSMON(7, MODULE, loaded),
    SYSMON(8, REMOTE_THREAD, thread),    SYSMON(9, RAW_READ, raw_read),
    SYSMON(10, PROCESS_ACCESS, access),  SYSMON(11, FILE_CREATED, file),
    SYSMON(12, KEY_WRITTEN, key),        SYSMON(13, KEY_WRITTEN, key),
    SYSMON(14, KEY_WRITTEN, key),        SYSMON(15, FILE_CREATED, stream),
    SYSMON(17, PIPE, pipe),              SYSMON(18, PIPE, pipe),
    SYSMON(19, WMI_SUBSCRIPTION, wmi),   SYSMON(20, WMI_SUBSCRIPTION, wmi),
    SYSMON(21, WMI_SUBSCRIPTION, wmi),   SYSMON(22, DNS, dns),
    SYSMON(23, FILE_DELETED, file),      SYSMON(26, FILE_DELETED, file),
    SYSMON(24, WINDOWS_EVENT, NULL),     SYSMON(25, WINDOWS_EVENT, NULL),
    SYSMON(27, FILE_FAILED, file),       SYSMON(28, FILE_FAILED, file),
    SYSMON(29, FILE_CREATED, file),      SYSMON(255, TOOL_ERROR, sysmon_error),

    SECURITY(4688, PROCESS, created),    SECURITY(4689, PROCESS_ENDED, NULL),
    SECURITY(4624, LOGON, logon),        SECURITY(4648, LOGON, logon),
    SECURITY(4625, LOGON_FAILED, logon), SECURITY(4771, LOGON_FAILED, logon),
    SECURITY(4768, AUTHENTICATION, logon), SECURITY(4769, AUTHENTICATION, logon),
    SECURITY(4770, AUTHENTICATION, logon), SECURITY(4776, AUTHENTICATION, logon),
    SECURITY(4656, OBJECT_ACCESS, object), SECURITY(4663, OBJECT_ACCESS, object),
    SECURITY(4658, WINDOWS_EVENT, object), SECURITY(4660, WINDOWS_EVENT, object),
    SECURITY(4661, OBJECT_ACCESS, object), SECURITY(4662, OBJECT_ACCESS, object),
    SECURITY(4657, KEY_WRITTEN, object_key),
    SECURITY(4697, SERVICE_CREATED, service),
    SECURITY(4698, TASK_CREATED, task),  SECURITY(4699, TASK_DELETED, task),
    SECURITY(4700, TASK_CHANGED, task),  SECURITY(4701, TASK_CHANGED, task),
    SECURITY(4702, TASK_CHANGED, task),
    SECURITY(4720, ACCOUNT_CHANGED, account), SECURITY(4722, ACCOUNT_CHANGED, account),
    SECURITY(4723, ACCOUNT_CHANGED, account), SECURITY(4724, ACCOUNT_CHANGED, account),
    SECURITY(4725, ACCOUNT_CHANGED, account), SECURITY(4726, ACCOUNT_CHANGED, account),
    SECURITY(4738, ACCOUNT_CHANGED, account), SECURITY(4740, ACCOUNT_CHANGED, account),
    SECURITY(4781, ACCOUNT_CHANGED, account),
    SECURITY(4728, GROUP_CHANGED, member), SECURITY(4729, GROUP_CHANGED, member),
    SECURITY(4732, GROUP_CHANGED, member), SECURITY(4733, GROUP_CHANGED, member),
    SECURITY(4756, GROUP_CHANGED, member), SECURITY(4757, GROUP_CHANGED, member),
    SECURITY(5140, SHARE_ACCESS, share), SECURITY(5145, SHARE_ACCESS, share),
    SECURITY(5156, CONNECTION, filter),  SECURITY(5157, WINDOWS_EVENT, filter),
    SECURITY(5158, WINDOWS_EVENT, filter), SECURITY(5154, WINDOWS_EVENT, filter),
    SECURITY(1102, LOG_CLEARED, NULL),

    OF(SERVICES, 7045, SERVICE_CREATED, service),
    OF(EVENTLOG, 1102, LOG_CLEARED, NULL), OF(EVENTLOG, 104, LOG_CLEARED, NULL),
    OF(POWERSHELL, 4104, SCRIPT, block), OF(POWERSHELL, 4103, SCRIPT, pipeline),
    OF(TASKS, 106, TASK_CREATED, task),  OF(TASKS, 140, TASK_CHANGED, task),
    OF(TASKS, 141, TASK_DELETED, task),  OF(TASKS, 142, TASK_CHANGED, task),
    OF(WMI, 5857, MODULE, wmi_provider),     OF(WMI, 5858, WMI_QUERY, wmi_query),
    OF(WMI, 5859, WMI_SUBSCRIPTION, wmi_watch), OF(WMI, 5860, WMI_SUBSCRIPTION, wmi_watch),
    OF(WMI, 5861, WMI_SUBSCRIPTION, wmi_watch),
    OF(DEFENDER, 1006, ANTIVIRUS, threat), OF(DEFENDER, 1007, ANTIVIRUS, threat),
    OF(DEFENDER, 1015, ANTIVIRUS, threat), OF(DEFENDER, 1116, ANTIVIRUS, threat),
    OF(DEFENDER, 1117, ANTIVIRUS, threat), OF(DEFENDER, 1119, ANTIVIRUS, threat),
    OF(BITS, 59, WINDOWS_EVENT, transfer), OF(BITS, 60, WINDOWS_EVENT, transfer),
    OF(BITS, 3, WINDOWS_EVENT, transfer),
};

static const struct {
    const char *provider, *channel; /* the channel decides where no provider is named */
    as_winevent_source source;
} sources[] = {
    {"Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", AS_WINEVENT_SYSMON},
    {"Microsoft-Windows-Security-Auditing", "Security", AS_WINEVENT_SECURITY},
    {"Service Control Manager", "System", AS_WINEVENT_SERVICES},
    {"Microsoft-Windows-Eventlog", NULL, AS_WINEVENT_EVENTLOG},
    {"Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational",
     AS_WINEVENT_POWERSHELL},
    {"PowerShellCore", "PowerShellCore/Operational", AS_WINEVENT_POWERSHELL},
    {"Microsoft-Windows-TaskScheduler", "Microsoft-Windows-TaskScheduler/Operational",
     AS_WINEVENT_TASKS},
    {"Microsoft-Windows-WMI-Activity", "Microsoft-Windows-WMI-Activity/Operational",
     AS_WINEVENT_WMI},
    {"Microsoft-Windows-Windows Defender", "Microsoft-Windows-Windows Defender/Operational",
     AS_WINEVENT_DEFENDER},
    {"Microsoft-Windows-Bits-Client", "Microsoft-Windows-Bits-Client/Operational",
     AS_WINEVENT_BITS},
};

/* Where a shipper put the event's own fields. */
static const char *const data_prefixes[] = {
    "winlog.event_data.", "winlog.user_data.",   "event_data.",    "user_data.",
    "EventData.",         "UserData.",           "win.eventdata.", "Event.EventData.",
    "Event.UserData.",    "data.win.eventdata.",
};

static const struct {
    const char *name;
    as_winevent_where where;
    as_winevent_role role;
} roles[] = {
    {"Provider.Name", AS_WINEVENT_SYSTEM, AS_WINEVENT_PROVIDER},
    {"EventID", AS_WINEVENT_SYSTEM, AS_WINEVENT_ID},
    {"Version", AS_WINEVENT_SYSTEM, AS_WINEVENT_VERSION},
    {"Level", AS_WINEVENT_SYSTEM, AS_WINEVENT_LEVEL},
    {"TimeCreated.SystemTime", AS_WINEVENT_SYSTEM, AS_WINEVENT_TIME_LOGGED},
    {"TimeCreated", AS_WINEVENT_SYSTEM, AS_WINEVENT_TIME_LOGGED},
    {"EventRecordID", AS_WINEVENT_SYSTEM, AS_WINEVENT_RECORD},
    {"Channel", AS_WINEVENT_SYSTEM, AS_WINEVENT_CHANNEL},
    {"Computer", AS_WINEVENT_SYSTEM, AS_WINEVENT_COMPUTER},

    {"SourceName", AS_WINEVENT_FLAT, AS_WINEVENT_PROVIDER},
    {"ProviderName", AS_WINEVENT_FLAT, AS_WINEVENT_PROVIDER},
    {"Provider_Name", AS_WINEVENT_FLAT, AS_WINEVENT_PROVIDER},
    {"Provider", AS_WINEVENT_FLAT, AS_WINEVENT_PROVIDER},
    {"source_name", AS_WINEVENT_FLAT, AS_WINEVENT_PROVIDER},
    {"winlog.provider_name", AS_WINEVENT_FLAT, AS_WINEVENT_PROVIDER},
    {"EventID", AS_WINEVENT_FLAT, AS_WINEVENT_ID},
    {"EventId", AS_WINEVENT_FLAT, AS_WINEVENT_ID},
    {"event_id", AS_WINEVENT_FLAT, AS_WINEVENT_ID},
    {"winlog.event_id", AS_WINEVENT_FLAT, AS_WINEVENT_ID},
    {"Channel", AS_WINEVENT_FLAT, AS_WINEVENT_CHANNEL},
    {"LogName", AS_WINEVENT_FLAT, AS_WINEVENT_CHANNEL},
    {"log_name", AS_WINEVENT_FLAT, AS_WINEVENT_CHANNEL},
    {"winlog.channel", AS_WINEVENT_FLAT, AS_WINEVENT_CHANNEL},
    {"Hostname", AS_WINEVENT_FLAT, AS_WINEVENT_COMPUTER},
    {"Computer", AS_WINEVENT_FLAT, AS_WINEVENT_COMPUTER},
    {"ComputerName", AS_WINEVENT_FLAT, AS_WINEVENT_COMPUTER},
    {"MachineName", AS_WINEVENT_FLAT, AS_WINEVENT_COMPUTER},
    {"computer_name", AS_WINEVENT_FLAT, AS_WINEVENT_COMPUTER},
    {"winlog.computer_name", AS_WINEVENT_FLAT, AS_WINEVENT_COMPUTER},
    {"RecordNumber", AS_WINEVENT_FLAT, AS_WINEVENT_RECORD},
    {"EventRecordID", AS_WINEVENT_FLAT, AS_WINEVENT_RECORD},
    {"RecordId", AS_WINEVENT_FLAT, AS_WINEVENT_RECORD},
    {"record_number", AS_WINEVENT_FLAT, AS_WINEVENT_RECORD},
    {"winlog.record_id", AS_WINEVENT_FLAT, AS_WINEVENT_RECORD},
    {"Level", AS_WINEVENT_FLAT, AS_WINEVENT_LEVEL},
    {"Version", AS_WINEVENT_FLAT, AS_WINEVENT_VERSION},
    {"winlog.version", AS_WINEVENT_FLAT, AS_WINEVENT_VERSION},
    {"TimeCreated", AS_WINEVENT_FLAT, AS_WINEVENT_TIME_LOGGED},
    {"EventTime", AS_WINEVENT_FLAT, AS_WINEVENT_TIME_LOCAL},
    {"@timestamp", AS_WINEVENT_FLAT, AS_WINEVENT_TIME_SENT},

    {"UtcTime", AS_WINEVENT_DATA, AS_WINEVENT_TIME},
    {"ProcessGuid", AS_WINEVENT_DATA, AS_WINEVENT_GUID},
    {"SourceProcessGuid", AS_WINEVENT_DATA, AS_WINEVENT_GUID},
    {"SourceProcessGUID", AS_WINEVENT_DATA, AS_WINEVENT_GUID},
    {"ParentProcessGuid", AS_WINEVENT_DATA, AS_WINEVENT_PARENT_GUID},
    {"Hashes", AS_WINEVENT_DATA, AS_WINEVENT_HASHES},
    {"Hash", AS_WINEVENT_DATA, AS_WINEVENT_HASHES},
};

/* clang-format on */

as_winevent_source as_winevent_source_of(as_bytes provider, as_bytes channel)
{
    for (size_t i = 0; i < AS_COUNT(sources); i++) {
        if (provider.n ? as_bytes_eq_nocase(provider, as_bytes_of(sources[i].provider))
                       : sources[i].channel &&
                             as_bytes_eq_nocase(channel, as_bytes_of(sources[i].channel)))
            return sources[i].source;
    }
    return AS_WINEVENT_OTHER;
}

const as_winevent_row *as_winevent_row_of(as_winevent_source source, as_bytes id)
{
    uint64_t number;

    if (source == AS_WINEVENT_OTHER || !as_bytes_u64(id, &number))
        return NULL;
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        if (rows[i].source == source && rows[i].id == number)
            return &rows[i];
    }
    return NULL;
}

const as_winevent_row *as_winevent_row_get(size_t i)
{
    return i < AS_COUNT(rows) ? &rows[i] : NULL;
}

as_bytes as_winevent_data_name(as_bytes name)
{
    for (size_t i = 0; i < AS_COUNT(data_prefixes); i++) {
        size_t n = strlen(data_prefixes[i]);

        if (name.n > n && !memcmp(name.p, data_prefixes[i], n))
            return (as_bytes){name.p + n, name.n - n};
    }
    return name;
}

/* In one object the data's names hold too; those of the frame go first. */
as_winevent_role as_winevent_role_of(as_winevent_where where, as_bytes name)
{
    for (size_t i = 0; i < AS_COUNT(roles); i++) {
        if ((roles[i].where == where ||
             (where == AS_WINEVENT_FLAT && roles[i].where == AS_WINEVENT_DATA)) &&
            as_bytes_is(name, roles[i].name))
            return roles[i].role;
    }
    return AS_WINEVENT_PLAIN;
}
