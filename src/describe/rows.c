#include "describe/describe_priv.h"

#include "base/banned.h"

/* clang-format off */

#define ONE(en, zh)  .form[AS_SAY_ONE] = { en, zh }
#define FOLD(en, zh) .form[AS_SAY_FOLD] = { en, zh }
#define TAIL(en, zh) .form[AS_SAY_TAIL] = { en, zh }
#define ITEM(en, zh) .form[AS_SAY_ITEM] = { en, zh }
#define SAME(both)   .form[AS_SAY_ITEM] = { both, NULL }
#define NOUN(en, zh) .noun = { en, zh }
#define BY1(a)       .n_group = 1, .group = { AS_ATTR_##a }
#define BY2(a, b)    .n_group = 2, .group = { AS_ATTR_##a, AS_ATTR_##b }
#define BY3(a, b, c) .n_group = 3, .group = { AS_ATTR_##a, AS_ATTR_##b, AS_ATTR_##c }
#define MOST(a, b)   .most = AS_MOST_ATTRS, .most_by = { AS_ATTR_##a, AS_ATTR_##b }

/* Kinds of which a sandbox lists paths: all are told in one way. */
#define PATHS(kind_, more_flags, en_one, en_fold, zh_verb, en_noun, zh_noun)                  \
    { .kind = AS_KIND_##kind_, .flags = AS_SAY_PATHS | (more_flags),                          \
      .most = AS_MOST_EXTENSION, NOUN(en_noun, zh_noun),                                      \
      ONE("{who} " en_one " {path}", "{who}" zh_verb zh_noun "{path}"),                               \
      FOLD("{who} " en_fold "[ under {dir}][, most often {most}]: {items}",                   \
           "{who}" zh_verb "{n}个" zh_noun "[，均位于{dir}下][，以{most}为主]：{items}"),     \
      SAME("{path}") }

#define KEYS(kind_, more_flags, en_verb, zh_verb)                                             \
    { .kind = AS_KIND_##kind_, .flags = AS_SAY_PATHS | (more_flags), .most = AS_MOST_KEY,     \
      .unit = "条", NOUN("registry entries", "注册表项"),                                     \
      ONE("{who} " en_verb " the registry entry {key}", "{who}" zh_verb "注册表项{key}"),     \
      FOLD("{who} " en_verb " {n:registry entry:registry entries}[, most often under {most}]: {items}", \
           "{who}" zh_verb "{n}条注册表项[，主要位于{most}下]：{items}"),                     \
      SAME("{key}") }

/* A list of names that a process may have used. */
#define NAMES(kind_, section_flags, attr, en_one, en_fold, zh_one, zh_fold, en_noun, zh_noun) \
    { .kind = AS_KIND_##kind_, .flags = (section_flags), NOUN(en_noun, zh_noun),              \
      ONE("{who} " en_one " {" attr "}", "{who}" zh_one "{" attr "}"),                        \
      FOLD("{who} " en_fold ": {items}", "{who}" zh_fold "：{items}"), SAME("{" attr "}") }

#define FLOW_EN "[ from {src}][:{sport}][ to {dst}][:{dport}]"

/* One row for each row of AS_KIND_MAP, in its order. */
static const as_say_row rows[] = {
    /* --- identity --- */
    { .kind = AS_KIND_SAMPLE, .flags = AS_SAY_EACH, NOUN("samples", "样本"),
      ONE("The sample is ~[{name|path|url}]~[type {type}]~[{size}]~[which {tool} takes for {judged_type}]\n"
          "Its hashes are ~[MD5 {md5}]~[SHA-1 {sha1}]~[SHA-256 {sha256}]\n"
          "Its fuzzy hashes are ~[SSDEEP {ssdeep}]~[TLSH {tlsh}]~[vhash {vhash}]\n"
          "{tool}'s verdict on it is {verdict}\n"
          "[{tool} first saw it at {first_seen}, and last at {last_seen}][{tool} first saw it at {first_seen}{!last_seen}][{tool} last saw it at {last_seen}{!first_seen}]",
          "样本为~[{name|path|url}]~[类型为{type}]~[大小为{size}]~[{tool} 判断其为{judged_type}]\n"
          "哈希值：~[MD5 {md5}]~[SHA-1 {sha1}]~[SHA-256 {sha256}]\n"
          "模糊哈希：~[SSDEEP {ssdeep}]~[TLSH {tlsh}]~[vhash {vhash}]\n"
          "{tool} 给出的判定为{verdict}\n"
          "[{tool} 首次见到该样本：{first_seen}，最近一次：{last_seen}][{tool} 首次见到该样本：{first_seen}{!last_seen}][{tool} 最近一次见到该样本：{last_seen}{!first_seen}]"),
      SAME("{name|url}") },
    { .kind = AS_KIND_SAMPLE_ADDRESS, NOUN("addresses inside the sample", "样本内的地址"),
      ONE("The address {value|url|domain|ip|mail} stands in [{owner}][{!owner}a file of the analysis]",
          "[{owner}][{!owner}文件]中含有地址{value|url|domain|ip|mail}"),
      FOLD("{n:address stands:addresses stand} in the files: {items}", "文件中含有{n}个地址：{items}"),
      SAME("{value|url|domain|ip|mail}") },

    { .kind = AS_KIND_ANALYSIS, .flags = AS_SAY_EACH, NOUN("analyses", "分析任务"),
      ONE("The report was written by {tool}[ {version}][ as analysis {id}]\n"
          "[The run started at {started}][ and ended at {ended}][; it took {duration} seconds]\n"
          "The analysis is dated {time}\n"
          "The set-up was ~[environment {environment}]~[category {category}]~[package {package}]~[machine {machine}]~[virtualised by {machine_manager}]~[network route {route}]\n"
          "The run used up its whole time limit[{+timeout}]\n"
          "{tool} gave the run a score of {score}\n"
          "{tool}'s verdict on it is {verdict}",
          "本报告由 {tool}[ {version}]生成[，分析编号为{id}]\n"
          "本次运行~[开始于{started}]~[结束于{ended}]~[历时{duration}秒]\n"
          "分析日期为{time}\n"
          "运行环境：~[{environment}]~[类别{category}]~[分析包{package}]~[虚拟机{machine}]~[虚拟化平台{machine_manager}]~[网络路由{route}]\n"
          "运行达到了时间上限[{+timeout}]\n"
          "{tool} 给出的评分为{score}\n"
          "{tool} 给出的判定为{verdict}"),
      SAME("[{id}]") },
    { .kind = AS_KIND_OPTION, .unit = "项", NOUN("options", "选项"),
      ONE("The option[ {name}] was set to {value}", "设置了选项[{name}]：{value}"),
      FOLD("{n:option was:options were} set for the run: {items}", "本次运行设置了{n}项选项：{items}"),
      SAME("[{name} = ]{value}") },

    /* --- detections --- */
    { .kind = AS_KIND_SCORE, .flags = AS_SAY_EACH, NOUN("scores", "评分"),
      ONE("{tool} itself gives the sample a score of {score}", "{tool} 自身给出的评分为{score}"), SAME("{score}") },
    { .kind = AS_KIND_FAMILY, .flags = AS_SAY_EACH, NOUN("families", "家族"),
      ONE("{tool} names the family {family}[ for {process}]", "{tool} 将[{process}][{!process}样本]归入{family}家族"),
      SAME("{family}") },
    { .kind = AS_KIND_SIGNATURE, .flags = AS_SAY_EACH, NOUN("signatures", "行为特征"),
      ONE("The signature {name} matched[: “{description}”][ (severity {severity})][ (level {level}{!severity})][; families: {family}][; techniques: {technique}]",
          "命中行为特征{name}[：“{description}”][（严重程度{severity}）][（级别{level}{!severity}）][；家族：{family}][；技术：{technique}]"),
      ITEM("{name}[: {description}]", "{name}[：{description}]") },
    { .kind = AS_KIND_MARK, NOUN("signature marks", "特征依据"),
      ONE("{who} set off {signature|name}[: {description|value}]", "{who}触发了{signature|name}[：{description|value}]"),
      FOLD("{who} set off {n:signature:signatures}: {items}", "{who}触发了{n}个行为特征：{items}"),
      TAIL("; marks: {items}", "；依据：{items}"),
      ITEM("[{signature}][{name}: {value}]\n[{name|value}]\n{api}\n[call {call_id} of {process}]\n[call {call_id}]\n[{type|category}]",
           "[{signature}][{name}：{value}]\n[{name|value}]\n{api}\n[{process}的第{call_id}次调用]\n[第{call_id}次调用]\n[{type|category}]") },
    { .kind = AS_KIND_MARK_CALL, .unit = "次", NOUN("signature calls", "特征调用"),
      ONE("A signature points at call {call_id}[ of {process}]", "某行为特征指向[{process}的]第{call_id}次调用"),
      FOLD("Signatures point at {n:call:calls}: {items}", "行为特征指向{n}次调用：{items}"),
      TAIL("; seen in {n:call:calls}: {items}", "；涉及{n}次调用：{items}"),
      ITEM("call {call_id}[ of {process}]", "[{process}]第{call_id}次") },
    { .kind = AS_KIND_TECHNIQUE, .flags = AS_SAY_BY_OWNER, BY1(TECHNIQUE), NOUN("techniques", "攻击技术"),
      ONE("The report names the technique [{technique}][ {name}][ ({tactic})]", "报告提到攻击技术[{technique}][{name}][（{tactic}）]"),
      FOLD("The report names {n:technique:techniques}: {items}", "报告提到{n}个攻击技术：{items}"),
      ITEM("[{technique}][ {name}][ ({tactic})]", "[{technique}][ {name}][（{tactic}）]") },
    { .kind = AS_KIND_MBC, .flags = AS_SAY_BY_OWNER | AS_SAY_WIDE, NOUN("catalogued behaviours", "MBC 行为"),
      ONE("The report names the behaviour {id}[ {name}][: {method}][ ({tactic})] of the Malware Behavior Catalog", "报告提到恶意行为目录（MBC）中的{id}[ {name}][：{method}][（{tactic}）]"),
      FOLD("The report names {n:behaviour:behaviours} of the Malware Behavior Catalog: {items}", "报告提到恶意行为目录（MBC）中的{n}个行为：{items}"),
      ITEM("{id}[ {name}][: {method}]", "{id}[ {name}][：{method}]") },
    { .kind = AS_KIND_CAPABILITY, .flags = AS_SAY_BY_OWNER | AS_SAY_TAILED | AS_SAY_WIDE, BY1(NAMESPACE), .unit = "项", NOUN("capabilities", "能力"),
      ONE("The code of [{owner}][{!owner}the file] has the capability {name|value}[: {value}][ ({namespace})]", "[{owner}][{!owner}文件]的代码具备能力：{name|value}[：{value}][（{namespace}）]"),
      FOLD("The code of [{owner}][{!owner}the file] has {n:capability:capabilities}[ of the kind {namespace}]: {items}", "[{owner}][{!owner}文件]的代码具备{n}项[{namespace}类]能力：{items}"),
      ITEM("[{name}: {value}]\n{name|value}", "[{name}：{value}]\n{name|value}") },
    { .kind = AS_KIND_HELPER_RULE, .flags = AS_SAY_TAILED, .unit = "条", NOUN("helper rules", "辅助规则"),
      ONE("A rule that only serves other rules matched too: {name}", "仅供其他规则引用的规则也已命中：{name}"),
      FOLD("{n} rules that only serve other rules matched too: {items}", "仅供其他规则引用的{n}条规则也已命中：{items}"), SAME("{name}") },
    { .kind = AS_KIND_CAPABILITY_MATCH, .flags = AS_SAY_BY_OWNER, BY1(ADDRESS_TYPE), .unit = "处", NOUN("matches of capability rules", "能力规则命中位置"),
      ONE("A capability rule matched[ at {address}][+{offset}][ in {process}]", "能力规则命中[于{address}][+{offset}][（{process}）]"),
      FOLD("Capability rules matched in {n:place:places}: {items}", "能力规则命中{n}处：{items}"),
      TAIL("; matched in {n:place:places}: {items}", "；命中{n}处：{items}"),
      ITEM("{address}[+{offset}]\n[call {call_id} ][of {process}]\n[PID {pid}]\n{address_type}", "{address}[+{offset}]\n[第{call_id}次调用][（{process}）]\n[PID {pid}]\n{address_type}") },
    { .kind = AS_KIND_CAPABILITY_FEATURE, .flags = AS_SAY_BY_OWNER, BY1(TYPE), .unit = "项", NOUN("features behind capabilities", "能力依据"),
      ONE("A capability rests on {type|scope}[ {content|value}][ ({description})]", "能力的依据：{type|scope}[ {content|value}][（{description}）]"),
      FOLD("Capabilities rest on {n:feature:features}[ of type {type}]: {items}", "能力的依据共{n}项[，类型为{type}]：{items}"),
      TAIL("; it rests on {n:feature:features}: {items}", "；依据{n}项：{items}"),
      ITEM("{type|scope}[ {content|value}][ ({description})]", "{type|scope}[ {content|value}][（{description}）]") },
    { .kind = AS_KIND_YARA, .flags = AS_SAY_EACH, .unit = "条", NOUN("YARA matches", "YARA 命中记录"),
      ONE("The YARA rule {rule} matched[ {owner}][: “{description}”][ (rule by {author})]",
          "YARA 规则{rule}命中[{owner}][：“{description}”][（规则作者：{author}）]"),
      ITEM("{rule}[ in {owner}]", "{rule}[（{owner}）]") },
    { .kind = AS_KIND_YARA_STRING, .flags = AS_SAY_BY_OWNER, NOUN("YARA strings", "YARA 匹配字符串"),
      ONE("A YARA rule found the string [{name} ]{value|offset}", "YARA 规则匹配到字符串[{name}]{value|offset}"),
      FOLD("YARA rules found {n:string:strings}: {items}", "YARA 规则匹配到{n}个字符串：{items}"),
      TAIL("; matched: {items}", "；匹配内容：{items}"),
      ITEM("[{name}][ at {offset}][{!name}{value}]", "[{name}][（偏移 {offset}）][{!name}{value}]") },
    { .kind = AS_KIND_YARA_META, .unit = "项", NOUN("YARA rule data", "YARA 规则信息"),
      ONE("A YARA rule says of itself [{name}: ]{value|name}", "YARA 规则信息[{name}]：{value|name}"),
      FOLD("YARA rules say of themselves: {items}", "YARA 规则信息：{items}"),
      TAIL("; the rule says: {items}", "；规则信息：{items}"), ITEM("[{name} = ]{value|name}", NULL) },
    { .kind = AS_KIND_CLAMAV, .flags = AS_SAY_BY_OWNER, NOUN("ClamAV names", "ClamAV 结果"),
      ONE("ClamAV names [{owner}][{!owner}the file] {name}", "ClamAV 将[{owner}][{!owner}文件]识别为{name}"),
      FOLD("ClamAV names [{owner}][{!owner}files]: {items}", "ClamAV 对[{owner}][{!owner}文件]给出{n}个名称：{items}"), SAME("{name}") },
    { .kind = AS_KIND_ANTIVIRUS, .flags = AS_SAY_BY_OWNER, BY2(DETECTED, VERDICT), NOUN("antivirus results", "杀毒引擎结果"),
      ONE("{engine} [{+detected}detected ][{-detected}found nothing in ][{!detected}{!verdict}has a result for ][{!detected}gave the result {verdict} for ][{owner}][{!owner}the file][: {result}]",
          "{engine}[{+detected}检出][{-detected}未检出][{!detected}对][{owner}][{!owner}该文件][{!detected}给出结果{verdict}][：{result}]"),
      FOLD("{n} antivirus engines [{+detected}detected ][{-detected}found nothing in ][{!detected}{!verdict}gave a result for ][{!detected}gave the result {verdict} for ][{owner}][{!owner}the file]: {items}",
           "{n}个杀毒引擎[{+detected}检出][{-detected}未检出][{!detected}对][{owner}][{!owner}该文件][{!detected}{!verdict}给出结果][{!detected}给出结果{verdict}]：{items}"),
      ITEM("{engine}[ ({result})]", "{engine}[（{result}）]") },
    { .kind = AS_KIND_ANTIVIRUS_SUMMARY, .flags = AS_SAY_EACH, NOUN("antivirus summaries", "杀毒结果汇总"),
      ONE("[{positives} of {total} antivirus engines detected {owner}][{positives} of {total} antivirus engines detected the file{!owner}][{!total}{positives} of the antivirus engines detected {owner}][{!total}{positives} of the antivirus engines detected the file{!owner}][ (scan of {time})]\n[The antivirus service reported: {error}]",
          "[{total}个杀毒引擎中有{positives}个检出{owner}][{total}个杀毒引擎中有{positives}个检出文件{!owner}][{!total}杀毒引擎中有{positives}个检出{owner}][{!total}杀毒引擎中有{positives}个检出该文件{!owner}][（扫描时间：{time}）]\n[杀毒查询服务返回：{error}]"),
      SAME("[{positives}/{total}]") },
    { .kind = AS_KIND_SANDBOX_VERDICT, .flags = AS_SAY_BY_OWNER, BY1(VERDICT), NOUN("verdicts of sandboxes", "沙箱判定"),
      ONE("The sandbox {environment} gave the verdict {verdict|category} for [{owner}][{!owner}the file][; classification: {class}][; names: {family}][; confidence {confidence}]",
          "沙箱{environment}对[{owner}][{!owner}文件]给出判定{verdict|category}[；分类：{class}][；名称：{family}][；置信度{confidence}]"),
      FOLD("{n} sandboxes gave the verdict {verdict|category} for [{owner}][{!owner}the file]: {items}",
           "{n}个沙箱对[{owner}][{!owner}文件]给出判定{verdict|category}：{items}"),
      ITEM("{environment}[ ({class})]", "{environment}[（{class}）]") },
    { .kind = AS_KIND_SIGMA, .flags = AS_SAY_EACH, .unit = "条", NOUN("Sigma matches", "Sigma 命中记录"),
      ONE("The Sigma rule {title}[ of {parent}][ of {source}] matched[: “{description}”][ (level {level})][; tags: {tag}]",
          "命中[ {parent} 的][ {source} 的] Sigma 规则{title}[：“{description}”][（级别：{level}）][；标签：{tag}]"), SAME("{title}") },
    { .kind = AS_KIND_SIGMA_SOURCE, NOUN("sources of Sigma rules", "Sigma 规则库"),
      ONE("The report tried the Sigma rules of {source}", "报告使用了 {source} 的 Sigma 规则"),
      FOLD("The report tried the Sigma rules of {items}", "报告使用了以下 Sigma 规则库：{items}"), SAME("{source}") },
    { .kind = AS_KIND_IDS_ALERT, BY3(SIGNATURE, DST, DPORT), .unit = "条", NOUN("IDS alerts", "IDS 告警"),
      ONE("The IDS raised the alert {signature}" FLOW_EN "[ ({category})][, severity {severity}][, level {level}]",
          "IDS 告警{signature}[（{category}）][：{src}][:{sport}][ → {dst}][:{dport}][，严重程度{severity}][，级别{level}]"),
      FOLD("The IDS raised the alert {signature} {n:time:times}[ for traffic to {dst}][:{dport}][ ({category})][, severity {severity}]",
           "IDS 对[发往{dst}][:{dport}]的流量产生{n}条告警{signature}[（{category}）][，严重程度{severity}]"),
      ITEM("{signature}" FLOW_EN "[ at {time}]", "{signature}[：{src}][:{sport}][ → {dst}][:{dport}][，{time}]") },

    /* --- processes --- */
    { .kind = AS_KIND_PROCESS, .flags = AS_SAY_EACH, NOUN("processes", "进程"),
      ONE("{name|process_name|path}[ (PID {pid})] [was started by {starter}][{!starter}ran][ with the command line {command_line}][; its image is {path|module_path|process_path}][; it was first seen at {first_seen}]",
          "[{starter}启动了]{name|process_name|path}[（PID {pid}）][{!starter}开始运行][，命令行：{command_line}][；映像路径：{path|module_path|process_path}][；首次出现于{first_seen}]"),
      ITEM("{name|process_name|path}[ (PID {pid})]", "{name|process_name|path}[（PID {pid}）]") },
    { .kind = AS_KIND_ENVIRONMENT, .unit = "项", .most = AS_MOST_NONE, NOUN("environment values", "环境信息"),
      ONE("The environment of [{process}][{!process}a process] says {name}: {value}", "[{process}][{!process}进程]的环境信息{name}：{value}"),
      FOLD("The processes' environments hold {n:value:values}: {items}", "进程环境信息共{n}项：{items}"),
      ITEM("{name}: {value}", "{name}：{value}") },
    { .kind = AS_KIND_COMMAND, .flags = AS_SAY_BY_PROCESS | AS_SAY_LONG, .unit = "条", NOUN("commands", "命令"),
      ONE("{who} ran the command {command}", "{who}执行了命令：{command}"),
      FOLD("{who} ran {n:command:commands}: {items}", "{who}执行了{n}条命令：{items}"), SAME("{command}") },
    { .kind = AS_KIND_API_TRACE, .flags = AS_SAY_EACH, .unit = "次", NOUN("API traces", "API 调用记录"),
      ONE("{who} made {#count:API call:API calls}[, {#failed} of which failed][, from {started}][ to {ended}]",
          "{who}共调用 API {#count}次[，其中{#failed}次失败][，时间从{started}][到{ended}]"), ITEM("{#count:call:calls}", "{#count}次调用") },
    { .kind = AS_KIND_API_USE, .flags = AS_SAY_BY_PROCESS, .most = AS_MOST_ATTRS, .most_by = { AS_ATTR_CATEGORY }, .unit = "种", NOUN("API functions used", "所用 API"),
      ONE("{who} called {api}[ {#count:time:times}][, {#failed} of them in vain]", "{who}调用了{api}[{#count}次][，其中{#failed}次失败]"),
      FOLD("{who} used {n} API functions, most often {items}[; calls by category: {most}]", "{who}使用了{n}种 API，最常调用{items}[；按类别：{most}]"),
      ITEM("{api}[ ({#count:time:times})]", "{api}[（{#count}次）]") },
    { .kind = AS_KIND_API_RESOLVED, .flags = AS_SAY_BY_PROCESS, NOUN("resolved functions", "动态解析的函数"),
      ONE("{who} looked up the function {name} at run time", "{who}动态解析了函数{name}"),
      FOLD("{who} looked up {n} functions at run time: {items}", "{who}动态解析了{n}个函数：{items}"), SAME("{name}") },
    { .kind = AS_KIND_MODULE, .flags = AS_SAY_BY_PROCESS | AS_SAY_PATHS, NOUN("modules", "模块"),
      ONE("{who} loaded {path|name}", "{who}加载了模块{path|name}"),
      FOLD("{who} loaded {n:module:modules}[ from {dir}]: {items}", "{who}加载了{n}个模块[，均位于{dir}下]：{items}"), SAME("{path|name}") },
    { .kind = AS_KIND_EVENT, MOST(OPERATION, OBJECT), .flags = AS_SAY_BY_PROCESS, .unit = "个", NOUN("events", "事件"),
      ONE("The tool noted the event {operation}[ {object}][: {path|key|service}][ from {from}][ to {to}][, content {content}][ ({process})][ at {time}]",
          "记录到事件{operation}[ {object}][：{path|key|service}][，自{from}][到{to}][，内容{content}][（{process}）][，时间{time}]"),
      FOLD("The tool noted {n:event:events}[, most often {most}]: {items}", "共记录{n}个事件[，以{most}为主]：{items}"),
      ITEM("{operation}[ {object}][ {path|key|service}]", NULL) },
    { .kind = AS_KIND_PROCESS_ENDED, .flags = AS_SAY_BY_PROCESS, MOST(PROCESS_PATH, PROCESS_PATH), NOUN("process ends", "进程退出记录"),
      ONE("{who} ended[ at {time}]", "{who}退出[，时间{time}]"),
      FOLD("{n:process:processes} ended[, most often {most}]: {items}", "{n}个进程退出[，以{most}为主]：{items}"),
      SAME("{process_path|process_name|pid}") },
    { .kind = AS_KIND_PROCESS_ACCESS, .flags = AS_SAY_BY_PROCESS, BY1(TARGET_PATH), .most = AS_MOST_ATTRS, .most_by = { AS_ATTR_ACCESS }, .unit = "次", NOUN("accesses to processes", "进程访问"),
      ONE("{who} opened the process {target_path|target_process|target_pid}[ with the rights {access}][ at {time}]",
          "{who}打开了进程{target_path|target_process|target_pid}[，权限{access}][，时间{time}]"),
      FOLD("{who} opened the process {target_path|target_process|target_pid} {n:time:times}[, most often with the rights {most}]",
           "{who}{n}次打开进程{target_path|target_process|target_pid}[，权限以{most}为主]"),
      ITEM("{target_path|target_process|target_pid}[ ({access})]", "{target_path|target_process|target_pid}[（{access}）]") },
    { .kind = AS_KIND_REMOTE_THREAD, .flags = AS_SAY_EACH, NOUN("threads in other processes", "远程线程"),
      ONE("{who} started a thread in the process {target_path|target_process|target_pid}[ at address {address}][, at {time}]",
          "{who}在进程{target_path|target_process|target_pid}中创建了线程[，起始地址{address}][，时间{time}]"),
      SAME("{target_path|target_process|target_pid}") },
    { .kind = AS_KIND_INJECTION, .flags = AS_SAY_BY_PROCESS, NOUN("injections into processes", "进程注入"),
      ONE("[{process} injected code][{!process}Code was injected] into the process {target_path|target_process|target_pid}[ at {time}]",
          "[{process}向进程{target_path|target_process|target_pid}注入了代码][{!process}有代码被注入进程{target_path|target_process|target_pid}][，时间{time}]"),
      FOLD("[{process} injected code][{!process}Code was injected] into {n} processes: {items}",
           "[{process}向{n}个进程注入了代码][{!process}有代码被注入{n}个进程]：{items}"), SAME("{target_path|target_process|target_pid}") },
    { .kind = AS_KIND_ANOMALY, .flags = AS_SAY_BY_PROCESS, NOUN("anomalies", "异常"),
      ONE("The monitor noted an anomaly[ in {process}][: {text|name}][ ({api})]", "监控组件记录到异常[（{process}）][：{text|name}][（{api}）]"),
      FOLD("The monitor noted {n:anomaly:anomalies}: {items}", "监控组件记录到{n}个异常：{items}"), SAME("{text|name|category}[ ({api})]") },
    { .kind = AS_KIND_SCRIPT, .flags = AS_SAY_BY_PROCESS | AS_SAY_LONG, .unit = "段", NOUN("scripts", "脚本"),
      ONE("{who} ran the script[ {id}]: {text|content}", "{who}执行了脚本[{id}]：{text|content}"),
      FOLD("{who} ran {n:script:scripts}: {items}", "{who}执行了{n}段脚本：{items}"), SAME("{text|content}") },
    { .kind = AS_KIND_SCRIPT_BEHAVIOUR, .flags = AS_SAY_BY_PROCESS, .unit = "种", NOUN("script behaviours", "脚本行为"),
      ONE("{tool} sees this behaviour in the scripts[ of {process}]: {name}", "{tool} 在[{process}的]脚本中识别出行为：{name}"),
      FOLD("{tool} sees {n} kinds of behaviour in the scripts[ of {process}]: {items}", "{tool} 在[{process}的]脚本中识别出{n}种行为：{items}"), SAME("{name}") },

    /* --- files --- */
    { .kind = AS_KIND_DROPPED, .flags = AS_SAY_MERGE | AS_SAY_PATHS, BY1(SHA256), NOUN("dropped files", "释放文件"),
      ONE("A file was dropped: ~[{path|name}]~[{type}]~[{size}]~[SHA-256 {sha256}]~[by {process}]",
          "释放文件：~[{path|name}]~[类型为{type}]~[大小为{size}]~[SHA-256 {sha256}]~[释放者为{process}]"), SAME("{path|name|sha256}") },
    PATHS(FILE_WRITTEN, AS_SAY_BY_PROCESS, "wrote the file", "wrote {n:file:files}", "写入了", "files written", "文件"),
    PATHS(FILE_CREATED, AS_SAY_BY_PROCESS, "created the file", "created {n:file:files}", "创建了", "files created", "文件"),
    PATHS(FILE_RECREATED, AS_SAY_BY_PROCESS, "overwrote the file", "overwrote {n:file:files}", "覆盖创建了", "files overwritten", "文件"),
    PATHS(FILE_DELETED, AS_SAY_BY_PROCESS, "deleted the file", "deleted {n:file:files}", "删除了", "files deleted", "文件"),
    { .kind = AS_KIND_FILE_MOVED, .flags = AS_SAY_BY_PROCESS | AS_SAY_PATHS, NOUN("files moved", "被移动的文件"),
      ONE("{who} moved [{from}][ to {to}]", "{who}将[{from}]移动到[{to}]"),
      FOLD("{who} moved {n:file:files}: {items}", "{who}移动了{n}个文件：{items}"), SAME("[{from}][ → {to}]") },
    { .kind = AS_KIND_FILE_COPIED, .flags = AS_SAY_BY_PROCESS | AS_SAY_PATHS, NOUN("files copied", "被复制的文件"),
      ONE("{who} copied [{from}][ to {to}]", "{who}将[{from}]复制到[{to}]"),
      FOLD("{who} copied {n:file:files}: {items}", "{who}复制了{n}个文件：{items}"), SAME("[{from}][ → {to}]") },
    PATHS(FILE_READ, 0, "read the file", "read {n:file:files}", "读取了", "files read", "文件"),
    PATHS(FILE_OPENED, 0, "opened the file", "opened {n:file:files}", "打开了", "files opened", "文件"),
    PATHS(FILE_EXISTS, 0, "checked whether this file exists:", "checked whether {n:file exists:files exist}", "查询了", "files probed", "文件"),
    PATHS(FILE_FAILED, 0, "failed to open the file", "failed to open {n:file:files}", "未能打开", "files not opened", "文件"),
    { .kind = AS_KIND_FILE_TIME, .flags = AS_SAY_BY_PROCESS | AS_SAY_PATHS, NOUN("changed file times", "文件时间修改"),
      ONE("{who} changed the creation time of {path}[ from {from}][ to {to}]", "{who}修改了{path}的创建时间[，由{from}][改为{to}]"),
      FOLD("{who} changed the creation time of {n:file:files}: {items}", "{who}修改了{n}个文件的创建时间：{items}"), SAME("{path}") },
    { .kind = AS_KIND_OBJECT_ACCESS, .flags = AS_SAY_BY_PROCESS, MOST(TYPE, ACCESS), .unit = "次", NOUN("audited accesses", "审计到的对象访问"),
      ONE("{who} asked for access[ {access}] to[ the {type}][ {object}][{!object}an object][ at {time}]", "{who}请求访问[{type} ][{object}][{!object}对象][，权限{access}][，时间{time}]"),
      FOLD("{who} asked {n:time:times} for access to objects[, most often {most}]: {items}", "{who}{n}次请求访问对象[，以{most}为主]：{items}"),
      SAME("{object|type|access}") },
    { .kind = AS_KIND_RAW_READ, .flags = AS_SAY_BY_PROCESS, BY1(PATH), .unit = "次", NOUN("raw reads of disks", "磁盘原始读取"),
      ONE("{who} read the device {path} past the file system[ at {time}]", "{who}绕过文件系统读取了设备{path}[，时间{time}]"),
      FOLD("{who} read the device {path} past the file system {n:time:times}", "{who}{n}次绕过文件系统读取设备{path}"), SAME("{path}") },
    PATHS(DIR_CREATED, 0, "created the directory", "created {n:directory:directories}", "创建了", "directories created", "目录"),
    PATHS(DIR_REMOVED, 0, "removed the directory", "removed {n:directory:directories}", "删除了", "directories removed", "目录"),
    PATHS(DIR_LISTED, 0, "listed the directory", "listed {n:directory:directories}", "遍历了", "directories listed", "目录"),

    /* --- registry --- */
    KEYS(KEY_WRITTEN, AS_SAY_BY_PROCESS, "wrote", "写入了"),
    KEYS(KEY_DELETED, AS_SAY_BY_PROCESS, "deleted", "删除了"),
    KEYS(KEY_READ, 0, "read", "读取了"),
    KEYS(KEY_OPENED, 0, "opened", "打开了"),

    /* --- network --- */
    { .kind = AS_KIND_DOMAIN, .flags = AS_SAY_EACH, NOUN("domains", "域名"),
      ONE("The domain {domain} was seen[; it resolved to {ip}]", "出现域名{domain}[，解析到{ip}]"),
      ITEM("{domain}[ ({ip})]", "{domain}[（{ip}）]") },
    { .kind = AS_KIND_DNS, .flags = AS_SAY_TAILED, BY2(REQUEST, TYPE), .unit = "次", NOUN("DNS messages", "DNS 查询"),
      ONE("[{process} asked][{!process}A DNS query asked] for {request}[ (type {type})]", "[{process}]发起 DNS 查询：{request}[（{type}）]"),
      FOLD("{n} DNS messages were about {request}[ (type {type})]", "关于{request}[（{type}）]的 DNS 报文共{n}个"),
      ITEM("{request}[ ({type})]", "{request}[（{type}）]") },
    { .kind = AS_KIND_DNS_ANSWER, NOUN("DNS answers", "DNS 应答"),
      ONE("A DNS answer[ about {request}] was {answer|type}", "DNS 应答[（{request}）]为{answer|type}"),
      FOLD("{n} DNS answers came: {items}", "收到{n}个 DNS 应答：{items}"),
      TAIL("; {n:answer:answers}: {items}", "；应答：{items}"), ITEM("{answer|type}[ ({type})]", "{answer|type}[（{type}）]") },
    { .kind = AS_KIND_DNS_SERVER, NOUN("DNS servers", "DNS 服务器"),
      ONE("The DNS server was {ip}", "使用的 DNS 服务器为{ip}"), FOLD("{n} DNS servers were used: {items}", "使用了{n}个 DNS 服务器：{items}"), SAME("{ip}") },
    { .kind = AS_KIND_HOST, NOUN("hosts", "主机"),
      ONE("The host {ip|hostname} was contacted[, name {hostname}][, country {country}][, reverse name {reverse}]", "通信主机：{ip|hostname}[，主机名{hostname}][，国家或地区{country}][，反向域名{reverse}]"),
      FOLD("{n:host was:hosts were} contacted: {items}", "与{n}台主机通信：{items}"), .unit = "台",
      ITEM("{ip|hostname}[ ({hostname})]", "{ip|hostname}[（{hostname}）]") },
    { .kind = AS_KIND_CONNECTION, .flags = AS_SAY_BY_PROCESS, BY2(PROTOCOL, DST), MOST(DPORT, NAME), .unit = "条", NOUN("connections", "连接"),
      ONE("[{process} exchanged traffic][{!process}Traffic was seen][ from {src}][:{sport}][ to {dst}][:{dport}][ (protocol {protocol})]",
          "[{process}产生流量][{!process}出现流量][：{src}][:{sport}][ → {dst}][:{dport}][（协议 {protocol}）]"),
      FOLD("[{process} exchanged {n} flows][{!process}{n} flows were seen][ to {dst}][, most often to port {most}][ (protocol {protocol})]",
           "[{process}][发往{dst}][{!dst}出现]的流量共{n}条[，目标端口以{most}为主][（协议 {protocol}）]"),
      ITEM("[{src}][:{sport}][ → {dst}][:{dport}]", NULL) },
    { .kind = AS_KIND_DEAD_HOST, .unit = "台", NOUN("silent hosts", "无响应主机"),
      ONE("The host {ip}[:{dport}] did not answer", "主机{ip}[:{dport}]没有响应"), FOLD("{n} hosts did not answer: {items}", "{n}台主机没有响应：{items}"), SAME("{ip}[:{dport}]") },
    { .kind = AS_KIND_HTTP, .flags = AS_SAY_BY_PROCESS, BY3(METHOD, HOSTNAME, URI), .unit = "个", NOUN("HTTP requests", "HTTP 请求"),
      ONE("[{process} sent][{!process}There was] an HTTP request: [{method} ]{url|hostname|dst}[{!url}:{dport}][{!url}{uri|path}][, status {status}][, user agent {user_agent}][, type {type}]",
          "[{process}]发出 HTTP 请求：[{method} ]{url|hostname|dst}[{!url}:{dport}][{!url}{uri|path}][，状态码{status}][，User-Agent 为{user_agent}][，类型为{type}]"),
      FOLD("[{process} sent][{!process}There were] {n} HTTP requests alike: [{method} ]{url|hostname|dst}[{!url}:{dport}][{!url}{uri|path}]",
           "[{process}]发出{n}次相同的 HTTP 请求：[{method} ]{url|hostname|dst}[{!url}:{dport}][{!url}{uri|path}]"),
      SAME("[{method} ]{url|hostname|dst}[{!url}{uri|path}]") },
    { .kind = AS_KIND_TLS, .flags = AS_SAY_BY_PROCESS, BY3(SNI, DST, DPORT), .unit = "次", NOUN("TLS handshakes", "TLS 握手"),
      ONE("[{process} shook hands][{!process}There was a TLS handshake][ with {sni} at {dst}][ with {dst}{!sni}][ with {sni}{!dst}][:{dport}][, {version}][, certificate of {subject}][, issued by {issuer}][, JA3 {ja3}]",
          "[{process}][与{sni} / {dst}][与{dst}{!sni}][与{sni}{!dst}][:{dport}]进行 TLS 握手[，版本{version}][，证书主体{subject}][，签发者{issuer}][，JA3 {ja3}]"),
      FOLD("[{process} shook hands][{!process}There were TLS handshakes] {n} times[ with {sni} at {dst}][ with {dst}{!sni}][ with {sni}{!dst}][:{dport}]",
           "[{process}][与{sni} / {dst}][与{dst}{!sni}][与{sni}{!dst}][:{dport}]进行了{n}次 TLS 握手"),
      SAME("[{sni} ]{dst|ja3}[:{dport}]") },
    { .kind = AS_KIND_ICMP, .flags = AS_SAY_BY_PROCESS, BY2(DST, TYPE), NOUN("ICMP messages", "ICMP 报文"),
      ONE("An ICMP message[ of type {type}] went[ from {src}][ to {dst}]", "ICMP 报文[（类型{type}）][：{src}][ → {dst}]"),
      FOLD("{n} ICMP messages[ of type {type}] went[ to {dst}]", "共有{n}个 ICMP 报文[（类型{type}）][发往{dst}]"), SAME("[{src}][ → {dst}]") },
    { .kind = AS_KIND_SMTP, .flags = AS_SAY_EACH, NOUN("SMTP sessions", "SMTP 会话"),
      ONE("An SMTP session went[ to {dst}][:{dport}][: {content}]", "SMTP 会话[，目标{dst}][:{dport}][：{content}]"), SAME("[{dst}][:{dport}]") },
    { .kind = AS_KIND_IRC, .unit = "条", NOUN("IRC messages", "IRC 消息"),
      ONE("An IRC message was seen: {command}[ {value}]", "IRC 消息：{command}[ {value}]"), FOLD("{n} IRC messages were seen: {items}", "共有{n}条 IRC 消息：{items}"), SAME("{command}[ {value}]") },
    { .kind = AS_KIND_SSH, .flags = AS_SAY_EACH, NOUN("SSH handshakes", "SSH 握手"),
      ONE("An SSH handshake was seen[ with {dst}][:{dport}]", "出现 SSH 握手[，目标{dst}][:{dport}]"), SAME("[{dst}][:{dport}]") },
    { .kind = AS_KIND_SHARE_ACCESS, BY2(NAME, SRC), .unit = "次", NOUN("accesses to shares", "共享访问"),
      ONE("The share {name} was accessed[: {path}][ by {user}][ from {src}][ with the rights {access}][ at {time}]",
          "共享{name}被访问[：{path}][，用户{user}][，来自{src}][，权限{access}][，时间{time}]"),
      FOLD("The share {name} was accessed {n:time:times}[ from {src}]: {items}", "共享{name}被访问{n}次[，来自{src}]：{items}"), SAME("{path|name}") },
    { .kind = AS_KIND_NETWORK_FILE, .flags = AS_SAY_EACH, NOUN("files in the traffic", "流量中的文件"),
      ONE("A file went over the network: ~[{name}]~[{type}]~[{size}]~[SHA-256 {sha256}]", "网络流量中提取到文件：~[{name}]~[类型为{type}]~[大小为{size}]~[SHA-256 {sha256}]"), SAME("{name|sha256|md5}") },
    { .kind = AS_KIND_NETWORK_FINGERPRINT, BY3(DST, DPORT, JA3), .unit = "条", NOUN("network fingerprints", "网络指纹"),
      ONE("A[ {protocol}] fingerprint was taken of traffic[ to {dst}][:{dport}][, JA3 {ja3}][, JA3S {ja3s}]", "{protocol}流量指纹[，目标{dst}][:{dport}][，JA3 {ja3}][，JA3S {ja3s}]"),
      FOLD("{n} fingerprints were taken of traffic[ to {dst}][:{dport}][, JA3 {ja3}]", "[发往{dst}][:{dport}]的流量共有{n}条指纹[，JA3 {ja3}]"), SAME("[{dst}][:{dport}][ {ja3}]") },
    { .kind = AS_KIND_NETWORK_DETAIL, .unit = "项", NOUN("further network details", "其他网络信息"),
      ONE("The report adds about the network[ {name}]: {value|name}", "其他网络信息[{name}]：{value|name}"), FOLD("The report adds {n} network details: {items}", "其他网络信息共{n}项：{items}"),
      TAIL("", ""), ITEM("[{name} = ]{value|name}", NULL) },
    { .kind = AS_KIND_CAPTURE, .flags = AS_SAY_EACH, NOUN("captures", "抓包文件"), ONE("The traffic capture has the SHA-256 {sha256}", "流量抓包文件的 SHA-256 为{sha256}"), SAME("{sha256}") },

    /* --- system --- */
    NAMES(MUTEX, AS_SAY_BY_PROCESS, "name", "used the mutex", "used {n} mutexes", "使用了互斥体", "使用了{n}个互斥体", "mutexes", "互斥体"),
    NAMES(SERVICE_CREATED, AS_SAY_BY_PROCESS, "service", "created the service", "created {n} services", "创建了服务", "创建了{n}个服务", "services created", "服务"),
    NAMES(SERVICE_STARTED, AS_SAY_BY_PROCESS, "service", "started the service", "started {n} services", "启动了服务", "启动了{n}个服务", "services started", "服务"),
    NAMES(COM_OBJECT, AS_SAY_BY_PROCESS, "id", "used the COM object", "used {n} COM objects", "使用了 COM 对象", "使用了{n}个 COM 对象", "COM objects", "COM 对象"),
    NAMES(WMI_QUERY, AS_SAY_BY_PROCESS | AS_SAY_LONG, "command", "made the WMI query", "made {n} WMI queries", "执行了 WMI 查询", "执行了{n}次 WMI 查询", "WMI queries", "WMI 查询"),
    { .kind = AS_KIND_DRIVER, .flags = AS_SAY_EACH | AS_SAY_PATHS, NOUN("drivers", "驱动"),
      ONE("The driver {path} was loaded[, signed by {subject}][ at {time}]", "加载了驱动{path}[，签名者{subject}][，时间{time}]"), SAME("{path}") },
    { .kind = AS_KIND_PIPE, .flags = AS_SAY_BY_PROCESS, BY1(OPERATION), NOUN("named pipes", "命名管道"),
      ONE("{who} used the named pipe {name|path}[ ({operation})]", "{who}使用了命名管道{name|path}[（{operation}）]"),
      FOLD("{who} used named pipes {n:time:times}[ ({operation})]: {items}", "{who}使用命名管道{n}次[（{operation}）]：{items}"), SAME("{name|path}") },
    { .kind = AS_KIND_WMI_SUBSCRIPTION, .flags = AS_SAY_EACH | AS_SAY_LONG, NOUN("WMI subscriptions", "WMI 订阅"),
      ONE("A WMI subscription[ {name}] was seen[ ({operation})][: {command}][; filter {from}][; consumer {to}][ (user {user})]",
          "出现 WMI 订阅[{name}][（{operation}）][：{command}][；过滤器{from}][；消费者{to}][（用户{user}）]"), SAME("{name|command|to|event_id}") },
    { .kind = AS_KIND_TASK_CREATED, .flags = AS_SAY_EACH, NOUN("scheduled tasks created", "创建的计划任务"),
      ONE("The scheduled task {name} was created[ by {user}][: {content}][ at {time}]", "创建了计划任务{name}[，用户{user}][：{content}][，时间{time}]"), SAME("{name}") },
    { .kind = AS_KIND_TASK_CHANGED, .flags = AS_SAY_EACH, NOUN("scheduled tasks changed", "修改的计划任务"),
      ONE("The scheduled task {name} was changed, enabled or disabled (event {event_id})[ by {user}][: {content}][ at {time}]", "计划任务{name}被修改、启用或停用（事件{event_id}）[，用户{user}][：{content}][，时间{time}]"), SAME("{name}") },
    { .kind = AS_KIND_TASK_DELETED, .flags = AS_SAY_EACH, NOUN("scheduled tasks deleted", "删除的计划任务"),
      ONE("The scheduled task {name} was deleted[ by {user}][ at {time}]", "计划任务{name}被删除[，用户{user}][，时间{time}]"), SAME("{name}") },
    { .kind = AS_KIND_LOGON, BY3(USER, TYPE, SRC), .unit = "次", NOUN("logons", "登录"),
      ONE("{user} logged on[ (logon type {type})][ from {src}][:{sport}][ to {to}][, workstation {hostname}][ through {process_path}][ at {time}]",
          "{user}登录[（登录类型{type}）][，来自{src}][:{sport}][，目标{to}][，工作站{hostname}][，经由{process_path}][，时间{time}]"),
      FOLD("{user} logged on {n:time:times}[ (logon type {type})][ from {src}]", "{user}登录{n}次[（登录类型{type}）][，来自{src}]"), SAME("{user}[ {src}]") },
    { .kind = AS_KIND_LOGON_FAILED, BY3(USER, TYPE, SRC), .unit = "次", NOUN("failed logons", "登录失败"),
      ONE("{user} failed to log on[ (logon type {type})][ from {src}][:{sport}][, workstation {hostname}][, status {status}][ at {time}]",
          "{user}登录失败[（登录类型{type}）][，来自{src}][:{sport}][，工作站{hostname}][，状态{status}][，时间{time}]"),
      FOLD("{user} failed to log on {n:time:times}[ (logon type {type})][ from {src}]", "{user}登录失败{n}次[（登录类型{type}）][，来自{src}]"), SAME("{user}[ {src}]") },
    { .kind = AS_KIND_AUTHENTICATION, BY3(USER, SERVICE, SRC), .unit = "次", NOUN("checks of credentials", "凭据验证"),
      ONE("The credentials of {user} were checked (event {event_id})[ for the service {service}][ from {src}][, workstation {hostname}][, status {status}][ at {time}]",
          "对{user}进行了凭据验证（事件{event_id}）[，服务{service}][，来自{src}][，工作站{hostname}][，状态{status}][，时间{time}]"),
      FOLD("The credentials of {user} were checked {n:time:times}[ for the service {service}][ from {src}]", "对{user}进行了{n}次凭据验证[，服务{service}][，来自{src}]"), SAME("{user}[ {service}]") },
    { .kind = AS_KIND_ACCOUNT_CHANGED, .flags = AS_SAY_EACH, NOUN("changes to accounts", "账户变更"),
      ONE("The account {name} was changed (event {event_id})[ by {user}][ at {time}]", "账户{name}发生变更（事件{event_id}）[，操作者{user}][，时间{time}]"), SAME("{name}") },
    { .kind = AS_KIND_GROUP_CHANGED, .flags = AS_SAY_EACH, NOUN("changes to groups", "用户组变更"),
      ONE("The members of the group {to|name} were changed (event {event_id})[: {name}][ by {user}][ at {time}]", "用户组{to|name}的成员发生变更（事件{event_id}）[：{name}][，操作者{user}][，时间{time}]"), SAME("{to|name}") },
    { .kind = AS_KIND_LOG_CLEARED, .flags = AS_SAY_EACH, NOUN("cleared logs", "日志清除"),
      ONE("An event log was cleared[ by {user}][ on {computer}][ at {time}]", "事件日志被清除[，操作者{user}][，计算机{computer}][，时间{time}]"), SAME("{channel|source}") },
    { .kind = AS_KIND_WINDOWS_EVENT, .flags = AS_SAY_BY_PROCESS, BY3(SOURCE, CHANNEL, EVENT_ID), .unit = "个", NOUN("Windows events", "Windows 事件"),
      ONE("The event {event_id}[ of {source}][ was logged in {channel}][ on {computer}][ at {time}]", "[{source}][在{channel}中]记录了事件{event_id}[，计算机{computer}][，时间{time}]"),
      FOLD("{n} events {event_id}[ of {source}][ were logged in {channel}]", "[{source}][在{channel}中]记录了{n}个事件{event_id}"),
      SAME("{event_id}[ {source|channel}]") },
    { .kind = AS_KIND_SUMMARY_ITEM, BY1(CATEGORY), .unit = "项", NOUN("summary items", "汇总条目"),
      ONE("{tool}'s summary lists[ under {category}]: [{name} = {value}][{value}{!name}][{name}{!value}]",
          "{tool} 的汇总[在{category}下]列出：[{name} = {value}][{value}{!name}][{name}{!value}]"),
      FOLD("{tool}'s summary lists {n} entries[ under {category}]: {items}",
           "{tool} 的汇总[在{category}下]列出{n}项：{items}"), SAME("[{name} = {value}][{value}{!name}][{name}{!value}]") },

    /* --- memory --- */
    { .kind = AS_KIND_PAYLOAD, .flags = AS_SAY_EACH, NOUN("payloads", "载荷"),
      ONE("{tool} extracted a payload from memory: ~[{cape_type}]~[{type}]~[{size}]~[SHA-256 {sha256}]~[found in {process}]~[at {address}]~[target process {target_process}]",
          "{tool} 从内存中提取到载荷：~[{cape_type}]~[类型为{type}]~[大小为{size}]~[SHA-256 {sha256}]~[来自{process}]~[地址{address}]~[目标进程{target_process}]"), SAME("{name|sha256}") },
    { .kind = AS_KIND_PROCESS_DUMP, .flags = AS_SAY_EACH, NOUN("process dumps", "进程转储"),
      ONE("{tool} dumped[ {process}]: ~[{type}]~[{size}]~[SHA-256 {sha256}]", "{tool} 转储了[{process}]：~[类型为{type}]~[大小为{size}]~[SHA-256 {sha256}]"), SAME("{name|sha256}") },
    { .kind = AS_KIND_MEMORY_DUMP, .flags = AS_SAY_EACH, NOUN("memory dumps", "内存转储"),
      ONE("{tool} kept a memory dump[ of {process}][: {host_path}]", "{tool} 保存了[{process}的]内存转储[：{host_path}]"), SAME("{host_path|name|pid}") },
    { .kind = AS_KIND_MEMORY_REGION, .flags = AS_SAY_BY_PROCESS, .most = AS_MOST_ATTRS, .most_by = { AS_ATTR_TYPE }, NOUN("memory regions", "内存区域"),
      ONE("[{process}][{!process}A memory dump] holds a memory region at {address|offset}[ to {to}][ of {raw_size} bytes][ ({type})][: {path|name}]", "[{process}][{!process}内存转储]包含内存区域{address|offset}[ 至 {to}][，大小{raw_size}字节][（{type}）][：{path|name}]"),
      FOLD("[{process}][{!process}Memory dumps] held {n} memory regions[, most often {most}]: {items}", "[{process}][{!process}内存转储]共包含{n}个内存区域[，以{most}为主]：{items}"), SAME("{address|offset}[ ({path})][ ({raw_size})]") },
    { .kind = AS_KIND_PLAINTEXT, .flags = AS_SAY_BY_PROCESS | AS_SAY_LONG, BY1(API), .unit = "段", NOUN("plaintext buffers", "明文缓冲区"),
      ONE("[{process}][{!process}A process] handed the following to {api}[ ({size})]: {content}", "[{process}]传给{api}的明文[（{size}）]：{content}"),
      FOLD("[{process}][{!process}A process] handed {n} buffers to {api}: {items}", "[{process}]传给{api}的明文共{n}段：{items}"), SAME("{content|size}") },

    /* --- configuration --- */
    { .kind = AS_KIND_CONFIG, .flags = AS_SAY_WIDE, BY1(FAMILY), .unit = "项", NOUN("configuration values", "配置项"),
      ONE("The extracted configuration[ of {family}] gives[ {name}]: {value|name}", "提取的[{family}]配置[{name}]：{value|name}"),
      FOLD("The extracted configuration[ of {family}] gives {n} values: {items}", "提取的[{family}]配置共{n}项：{items}"), ITEM("[{name} = ]{value|name}", NULL) },
    { .kind = AS_KIND_EXTRACTED, .flags = AS_SAY_EACH, NOUN("extracted files", "提取文件"),
      ONE("A file was extracted: ~[{path|name|host_path}]~[category {category}]~[for {program}]~[{type}]~[{size}]~[SHA-256 {sha256}]~[from {process}]",
          "提取到文件：~[{path|name|host_path}]~[类别为{category}]~[由 {program} 执行]~[类型为{type}]~[大小为{size}]~[SHA-256 {sha256}]~[来自{process}]"), SAME("{path|name|sha256|host_path}") },

    /* --- static --- */
    { .kind = AS_KIND_PE, .flags = AS_SAY_EACH, NOUN("PE headers", "PE 头"),
      ONE("The PE header of [{owner}][{!owner}the sample] gives ~[compile time {compiled}]~[entry point {entrypoint}]~[image base {imagebase}]~[imphash {imphash}]~[PDB path {pdb_path}]~[packer or compiler {peid}]~[export name {exported_name}]",
          "[{owner}][{!owner}样本]的 PE 头：~[编译时间{compiled}]~[入口点{entrypoint}]~[映像基址{imagebase}]~[imphash 为{imphash}]~[PDB 路径{pdb_path}]~[PEiD 识别为{peid}]~[导出名{exported_name}]"),
      SAME("[{imphash}]") },
    { .kind = AS_KIND_PE_SECTION, .flags = AS_SAY_BY_OWNER, NOUN("PE sections", "PE 节"),
      ONE("[{owner}][{!owner}The sample] has the section {name}[ (entropy {entropy})]", "[{owner}][{!owner}样本]有一个节：{name}[（熵 {entropy}）]"),
      FOLD("[{owner}][{!owner}The sample] has {n} sections: {items}", "[{owner}][{!owner}样本]共有{n}个节：{items}"), ITEM("{name}[ (entropy {entropy})]", "{name}[（熵 {entropy}）]") },
    { .kind = AS_KIND_PE_IMPORT, .flags = AS_SAY_BY_OWNER | AS_SAY_SAMPLE, NOUN("imported libraries and functions", "导入项"),
      ONE("[{owner}][{!owner}The sample] imports [{name|ordinal}][{!name}from {dll}]",
          "[{owner}][{!owner}样本]导入了[{name|ordinal}][{!name}{dll}]"),
      FOLD("[{owner}][{!owner}The sample] imports from {n} libraries: {items}", "[{owner}][{!owner}样本]导入了{n}个库：{items}"),
      TAIL(": {items}", "中的{n}个函数：{items}"), SAME("{name|dll|ordinal|address}") },
    { .kind = AS_KIND_PE_EXPORT, .flags = AS_SAY_BY_OWNER, NOUN("exported functions", "导出函数"),
      ONE("[{owner}][{!owner}The sample] exports {name|ordinal|address}", "[{owner}][{!owner}样本]导出了函数{name|ordinal|address}"),
      FOLD("[{owner}][{!owner}The sample] exports {n} functions: {items}", "[{owner}][{!owner}样本]导出了{n}个函数：{items}"), SAME("[{name}][{!name}#{ordinal}]\n{address}") },
    { .kind = AS_KIND_PE_RESOURCE, .flags = AS_SAY_BY_OWNER, MOST(NAME, LANGUAGE), NOUN("resources", "资源"),
      ONE("[{owner}][{!owner}The sample] holds the resource {name}[ ({type})]", "[{owner}][{!owner}样本]包含资源{name}[（{type}）]"),
      FOLD("[{owner}][{!owner}The sample] holds {n} resources[, most often {most}]: {items}", "[{owner}][{!owner}样本]包含{n}个资源[，以{most}为主]：{items}"), SAME("{name}[ {language}]") },
    { .kind = AS_KIND_PE_DIRECTORY, .flags = AS_SAY_BY_OWNER, NOUN("PE directories", "PE 数据目录"),
      ONE("[{owner}][{!owner}The sample] has the data directory {name}", "[{owner}][{!owner}样本]有数据目录{name}"),
      FOLD("[{owner}][{!owner}The sample] lists {n} data directories: {items}", "[{owner}][{!owner}样本]列出{n}个数据目录：{items}"), SAME("{name}[ {virtual_address}]") },
    { .kind = AS_KIND_PE_VERSION, .flags = AS_SAY_BY_OWNER | AS_SAY_LONG, .unit = "项", NOUN("version values", "版本信息"),
      ONE("The version information of [{owner}][{!owner}the sample] says {name}: {value}", "[{owner}][{!owner}样本]的版本信息{name}：{value}"),
      FOLD("The version information of [{owner}][{!owner}the sample] says: {items}", "[{owner}][{!owner}样本]的版本信息：{items}"), ITEM("{name}: {value}", "{name}：{value}") },
    { .kind = AS_KIND_PE_OVERLAY, .flags = AS_SAY_EACH, NOUN("overlays", "附加数据"),
      ONE("[{owner}][{!owner}The sample] has data behind its last section[ at {offset}][ ({raw_size} bytes)]", "[{owner}][{!owner}样本]末尾有附加数据[，偏移{offset}][，大小{raw_size}字节]"), SAME("[{offset}][ {raw_size}]") },
    { .kind = AS_KIND_CERTIFICATE, .flags = AS_SAY_EACH, NOUN("certificates", "证书"),
      ONE("[{owner}][{!owner}The sample] carries a certificate ~[of {subject}]~[issued by {issuer}]~[serial number {serial}]~[valid from {not_before}][ to {not_after}]~[SHA-1 {sha1}]",
          "[{owner}][{!owner}样本]带有证书：~[主体{subject}]~[签发者{issuer}]~[序列号{serial}]~[有效期自{not_before}][ 至{not_after}]~[SHA-1 {sha1}]"), SAME("[{subject}]") },
    { .kind = AS_KIND_CERTIFICATE_FIELD, .flags = AS_SAY_BY_OWNER, .unit = "项", NOUN("certificate fields", "证书字段"),
      ONE("The certificate gives {name}: {value}", "证书字段{name}：{value}"), FOLD("The certificates give {n} fields: {items}", "证书字段共{n}项：{items}"),
      TAIL("", ""), ITEM("[{name} = ]{value|name}", NULL) },
    { .kind = AS_KIND_SIGNER_CHECK, .flags = AS_SAY_EACH, NOUN("signature checks", "签名验证结果"),
      ONE("[{+valid}Windows accepted the signature of ][{-valid}Windows did not accept a signature of ][{owner}][{!owner}the sample][: {error}]",
          "[{+valid}Windows 认可][{-valid}Windows 未认可][{owner}][{!owner}样本]的签名[：{error}]"), SAME("[{error}]") },
    { .kind = AS_KIND_STRING, .flags = AS_SAY_BY_OWNER, BY1(SOURCE), NOUN("strings", "字符串"),
      ONE("[{owner}][{!owner}The file] holds the string {value}[ (one of the {source})]", "[{owner}][{!owner}文件]含有字符串{value}[（{source}）]"),
      FOLD("{tool} listed {n} strings[ from {owner}][ from {source}]: {items}", "{tool} [从{owner}中][从{source}中]列出{n}个字符串：{items}"), SAME("{value}") },
    { .kind = AS_KIND_FILE_PART, .flags = AS_SAY_BY_OWNER, NOUN("parts of the file", "文件组成部分"),
      ONE("The file has the part {name}[ at offset {offset}][ of {raw_size} bytes]", "文件包含{name}[，偏移{offset}][，大小{raw_size}字节]"),
      FOLD("The file consists of {n:part:parts}: {items}", "文件由{n}个部分组成：{items}"), SAME("{name|offset}") },
    { .kind = AS_KIND_FUNCTION, .flags = AS_SAY_BY_OWNER, NOUN("functions in the code", "代码中的函数"),
      ONE("{tool} saw {#count:feature:features} in the function at {address|name}", "{tool} 在函数{address|name}中提取到{#count}个特征"),
      FOLD("{tool} examined {n:function:functions} of the code: {items}", "{tool} 检查了代码中的{n}个函数：{items}"), SAME("{address|name}[ ({#count})]") },
    { .kind = AS_KIND_LIBRARY_FUNCTION, .flags = AS_SAY_BY_OWNER, NOUN("library functions in the code", "代码中的库函数"),
      ONE("{tool} recognised the library function {name}[ at {address}]", "{tool} 识别出库函数{name}[，地址{address}]"),
      FOLD("{tool} recognised {n} library functions in the code: {items}", "{tool} 在代码中识别出{n}个库函数：{items}"), SAME("{name|address}") },
    { .kind = AS_KIND_STATIC_DETAIL, .flags = AS_SAY_BY_OWNER, .unit = "项", NOUN("further static details", "其他静态信息"),
      ONE("The report adds about [{owner}][{!owner}the file][ {name}]: {value|name}", "[{owner}][{!owner}文件]的其他静态信息[{name}]：{value|name}"),
      FOLD("The report adds {n} details about [{owner}][{!owner}the file]: {items}", "[{owner}][{!owner}文件]的其他静态信息共{n}项：{items}"), ITEM("[{name} = ]{value|name}", NULL) },

    /* --- the run --- */
    { .kind = AS_KIND_SCREENSHOT, .unit = "张", NOUN("screenshots", "屏幕截图"),
      ONE("One screenshot was taken[: {name|host_path}][; text on it: {text}]", "截取了一张屏幕截图[：{name|host_path}][；图中文字：{text}]"),
      FOLD("{n} screenshots were taken: {items}", "共截取{n}张屏幕截图：{items}"), SAME("{name|host_path}") },
    { .kind = AS_KIND_TOOL_ERROR, .flags = AS_SAY_LONG, .unit = "条", NOUN("errors of the tool", "工具错误"),
      ONE("{tool} reported an error: {text}", "{tool} 报告了错误：{text}"), FOLD("{tool} reported {n} errors: {items}", "{tool} 报告了{n}条错误：{items}"), SAME("{text}") },
    { .kind = AS_KIND_TOOL_LOG, .flags = AS_SAY_LONG, .unit = "条", NOUN("log entries of the tool", "工具日志"),
      ONE("{tool} kept a log: {text}", "{tool} 的日志：{text}"), FOLD("{tool} kept {n} log entries: {items}", "{tool} 的日志共{n}条：{items}"), SAME("{text}") },
    { .kind = AS_KIND_TOOL_MODULE, NOUN("modules of the tool", "分析模块"),
      ONE("The [{category} ]module {name} of {tool} took {duration} s",
          "{tool} 的[{category}]模块{name}耗时{duration}秒"),
      FOLD("{tool} recorded how long {n:module:modules} of its own took: {items}",
           "{tool} 记录了自身{n}个模块的耗时：{items}"), SAME("{name}") },
    { .kind = AS_KIND_DETAIL, .unit = "项", NOUN("further details", "其他信息"),
      ONE("The report adds[ {name}]: {value|name}", "其他信息[{name}]：{value|name}"),
      FOLD("The report adds {n} details: {items}", "其他信息共{n}项：{items}"), ITEM("[{name} = ]{value|name}", NULL) },
};

/* clang-format on */

_Static_assert(AS_COUNT(rows) == AS_KIND_COUNT, "one row for each kind");

const as_say_row *as_say_row_get(as_kind kind)
{
    return &rows[kind];
}
