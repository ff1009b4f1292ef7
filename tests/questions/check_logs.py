#!/usr/bin/env python3
"""Derives the expected answers of logs.jsonl anew from the reports themselves.

    ASSAY_DATA=... tests/questions/check_logs.py

Reads the raw reports with nothing but a JSON parser, so that an answer rests neither on the
hand that wrote it nor on assay. Prints each question whose expected answer is another, and how
many were derived. Exit status: 0 all agree, 1 some do not, 77 no data.
"""

import collections
import datetime
import json
import os
import re
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(os.environ.get("ASSAY_DATA", "../shared/data"), "reports")
CACHE = {}


def once(key, make):
    if key not in CACHE:
        CACHE[key] = make()
    return CACHE[key]


def base(path):
    return re.split(r"[\\/]", path)[-1].lower()


class Events:
    """The events of one log, as the collector wrote them."""

    def __init__(self, path):
        with zipfile.ZipFile(path) as z:
            text = z.read(z.namelist()[0]).decode("utf-8")
        self.all = [json.loads(line) for line in text.splitlines() if line.strip()]

    def sysmon(self, number):
        return [e for e in self.all if e["EventID"] == number and "Sysmon" in e["Channel"]]

    def windows(self, *numbers):
        return [e for e in self.all if e["EventID"] in numbers and "Sysmon" not in e["Channel"]]

    def started(self, image=None, parent=None):
        got = self.sysmon(1)
        if image:
            got = [e for e in got if base(e["Image"]) == image.lower()]
        if parent:
            got = [e for e in got if base(e["ParentImage"]) == parent.lower()]
        return got

    def hash_of(self, image, kind):
        text = self.started(image)[0]["Hashes"]
        return dict(p.split("=") for p in text.split(","))[kind]

    def files(self, image=None, number=11):
        got = self.sysmon(number)
        if image:
            got = [e for e in got if base(e["Image"]) == image.lower()]
        return {e["TargetFilename"] for e in got}

    def creators(self, path):
        return {e["Image"] for e in self.sysmon(11) if e["TargetFilename"].lower() == path.lower()}

    def connections(self):
        """(process, address, port) of Sysmon 3 and of what the filter platform let through."""
        got = [
            (base(e["Image"]), e["DestinationIp"], int(e["DestinationPort"]))
            for e in self.sysmon(3)
        ]
        return got + [
            (base(e["Application"]), e["DestAddress"], int(e["DestPort"]))
            for e in self.windows(5156)
        ]

    def names(self):
        return {e["QueryName"] for e in self.sysmon(22)}

    def answers(self, name):
        got = set()
        for e in self.sysmon(22):
            if e["QueryName"].lower() == name.lower():
                parts = [p for p in e["QueryResults"].split(";") if p and not p.startswith("type:")]
                got |= {re.sub(r"^::ffff:", "", p) for p in parts}
        return got

    def lifetimes(self):
        ended = {e["ProcessId"]: when(e["UtcTime"]) for e in self.sysmon(5)}
        return [
            (ended[e["ProcessId"]] - when(e["UtcTime"]), e["Image"])
            for e in self.sysmon(1)
            if e["ProcessId"] in ended
        ]

    def services(self):
        return {e["ServiceName"] for e in self.windows(4697, 7045)}

    def tasks(self):
        return {e["TaskName"].strip("\\") for e in self.windows(4698, 106)}

    def opened(self, target):
        return {e["SourceImage"] for e in self.sysmon(10) if base(e["TargetImage"]) == target}


def when(text):
    text = text.replace("T", " ").replace("+00:00", "")
    form = "%Y-%m-%d %H:%M:%S.%f" if "." in text else "%Y-%m-%d %H:%M:%S"
    return datetime.datetime.strptime(text, form)


class System:
    """The system log of the Zeus case: event XML in a JSON array."""

    def __init__(self, path):
        self.events = []
        with open(path, encoding="utf-8") as f:
            for xml in json.load(f):
                number = int(re.search(r"<EventID[^>]*>(\d+)", xml).group(1))
                data = dict(re.findall(r'<Data Name="([^"]*)">([^<]*)</Data>', xml))
                data["Computer"] = re.search(r"<Computer>([^<]*)", xml).group(1)
                data["first"] = (re.findall(r"&lt;string&gt;(.*?)&lt;/string&gt;", xml) or [""])[0]
                self.events.append((number, data))

    def of(self, number):
        return [d for n, d in self.events if n == number]


class Tree:
    """Volatility's pstree, flat."""

    def __init__(self, path):
        self.rows = []
        with open(path, encoding="utf-8") as f:
            self.add(json.load(f))

    def add(self, nodes):
        for n in nodes:
            self.rows.append(n)
            self.add(n["__children"])

    def named(self, name):
        return [r for r in self.rows if r["ImageFileName"] == name]

    def children(self, pid):
        return [r for r in self.rows if r["PPID"] == pid]

    def parent(self, name):
        pids = {r["PPID"] for r in self.named(name)}
        return {r["ImageFileName"] for r in self.rows if r["PID"] in pids}


class Capa:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.doc = json.load(f)
        self.rules = self.doc["rules"]

    def techniques(self):
        return {a["id"] for r in self.rules.values() for a in r["meta"].get("attack", [])}

    def capabilities(self):
        return {k for k, r in self.rules.items() if not r["meta"].get("lib")}

    def any(self, pattern):
        return any(re.search(pattern, k) for k in self.rules)


def load(report):
    path = os.path.join(ROOT, report)
    if report.endswith(".zip"):
        return Events(path)
    if "capa-testfiles/rd/" in report:
        return Capa(path)
    if report.endswith("pstree.json"):
        return Tree(path)
    if report.endswith("systemlogs.json"):
        return System(path)
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def bodies(doc, title):
    return [json.loads(s["body"]) for s in doc["result"]["sections"] if s["title_text"] == title]


def signature_titles(doc):
    return [
        s["title_text"]
        for s in doc["result"]["sections"]
        if s["title_text"].startswith("Signature: ")
    ]


def most(counter):
    return {counter.most_common(1)[0][0]}


def seconds(meta):
    return {str(int((when(meta["end_time"]) - when(meta["start_time"])).total_seconds()))}


def resolved_and_connected(e):
    to = {a for _, a, _ in e.connections()}
    return {n for n in e.names() if e.answers(n) & to}


def quiet(e):
    busy = {p for p, _, _ in e.connections()}
    return {x["Image"] for x in e.started() if base(x["Image"]) not in busy}


# What each answer is, from the raw report: a bool, a number, or the set of all items.
EVTX = {
    1: lambda e: e.creators(r"C:\Windows\Temp\dumpert.dmp"),
    2: lambda e: {x["ParentImage"] for x in e.started("outflank-dumpert.exe")},
    3: lambda e: len(e.files()),
    4: lambda e: e.files(),
    5: lambda e: bool(e.names()),
    6: lambda e: {e.hash_of("outflank-dumpert.exe", "SHA256")},
    7: lambda e: bool(e.windows(1102)),
    8: lambda e: {x["User"] for x in e.started("outflank-dumpert.exe")},
    9: lambda e: e.opened("lsass.exe"),
    10: lambda e: e.services(),
    11: lambda e: {x["ServiceFileName"] for x in e.windows(4697)},
    12: lambda e: len(e.started()),
    13: lambda e: {x["Image"] for x in e.started()},
    14: lambda e: {x["ParentImage"] for x in e.started("reg.exe")},
    15: lambda e: {x["Image"] for x in e.started(parent="psexesvc.exe")},
    16: lambda e: {x["CommandLine"] for x in e.started("reg.exe")},
    17: lambda e: e.files("reg.exe"),
    18: lambda e: {x["Image"] for x in e.sysmon(13) if x["TargetObject"].endswith("EulaAccepted")},
    19: lambda e: {
        x["TargetObject"] for x in e.sysmon(13) if r"Services\PSEXESVC" in x["TargetObject"]
    },
    20: lambda e: {x["ShareName"] for x in e.windows(5140, 5145)},
    21: lambda e: {x["SubjectUserName"] for x in e.windows(4697)},
    22: lambda e: {max(e.lifetimes())[1]},
    23: lambda e: {max((when(x["UtcTime"]), x["Image"]) for x in e.started())[1]},
    24: lambda e: {min((when(x["UtcTime"]), x["Image"]) for x in e.started())[1]},
    27: lambda e: e.answers("WORKSTATION5"),
    28: lambda e: {
        x["Details"] for x in e.sysmon(13) if x["TargetObject"].endswith(r"Fax\ImagePath")
    },
    29: lambda e: len(e.started("sc.exe")),
    30: lambda e: {x["CommandLine"] for x in e.started("sc.exe")},
    31: lambda e: {x["ParentImage"] for x in e.started("powershell.exe")},
    32: lambda e: e.files("powershell.exe"),
    33: lambda e: bool(e.services()),
    34: lambda e: {x["param1"] for x in e.windows(7000)},
    35: lambda e: {x["Image"] for x in e.started() if x["User"] == r"NT AUTHORITY\NETWORK SERVICE"},
    36: lambda e: {
        x["SourceImage"] for x in e.sysmon(8) if base(x["TargetImage"]) == "notepad.exe"
    },
    37: lambda e: {x["TargetImage"] for x in e.sysmon(8)},
    38: lambda e: bool(e.sysmon(8)),
    39: lambda e: e.names(),
    40: lambda e: e.answers("raw.githubusercontent.com"),
    41: lambda e: {p for p, a, _ in e.connections() if a == "140.82.121.4"},
    42: lambda e: {a for p, a, _ in e.connections() if p == "powershell.exe"},
    43: lambda e: e.files("powershell.exe"),
    44: lambda e: {x["Image"] for x in e.started(parent="powershell.exe")},
    45: lambda e: {e.hash_of("mavinject.exe", "MD5")},
    46: resolved_and_connected,
    47: lambda e: {x["CommandLine"] for x in e.started("bitsadmin.exe")},
    48: lambda e: e.files(number=23),
    49: lambda e: {x["param1"] for x in e.windows(7040)},
    50: lambda e: {p for p, a, _ in e.connections() if a == "151.101.208.133"},
    51: lambda e: {str(x["LogonType"]) for x in e.windows(4624)},
    52: lambda e: any(port == 1900 for _, _, port in e.connections()),
    53: lambda e: any(p == "bitsadmin.exe" for p, _, _ in e.connections()),
    54: lambda e: any(port == 8080 for _, _, port in e.connections()),
    55: lambda e: {x["CommandLine"] for x in e.started()},
    56: lambda e: bool(e.connections() or e.windows(5158)),
    57: lambda e: {str(x["ParentProcessId"]) for x in e.started("reg.exe")},
    58: lambda e: {x["TargetUserName"] for x in e.windows(4624)},
    59: lambda e: {x["IpAddress"] for x in e.windows(4624) if x["TargetUserName"] == "pgustavo"},
    60: lambda e: len(e.windows(4624)),
    61: lambda e: {x["ShareName"] for x in e.windows(5140, 5145)},
    62: lambda e: {p for p, _, port in e.connections() if port == 88},
    63: lambda e: any(
        x.get("RelativeTargetName", "").endswith("GruntHTTP.exe") for x in e.windows(5145)
    )
    and bool(e.creators(r"C:\ProgramData\GruntHTTP.exe")),
    64: lambda e: {a for _, a, port in e.connections() if port == 445},
    65: lambda e: {x["ParentImage"] for x in e.started("wardog.exe")},
    66: lambda e: e.creators(r"C:\Users\wardog\Desktop\wardog.exe"),
    67: lambda e: {x["ParentImage"] for x in e.started("conhost.exe")},
    68: lambda e: {e.hash_of("wardog.exe", "SHA1")},
    69: lambda e: e.tasks(),
    70: lambda e: {x["SubjectUserName"] for x in e.windows(4698)},
    71: lambda e: e.creators(r"C:\Windows\System32\Tasks\MordorSchtask"),
    72: lambda e: bool(e.tasks()),
    73: lambda e: bool(e.services()),
    74: lambda e: e.services(),
    75: lambda e: {
        x["ServiceFileName"] for x in e.windows(4697) if x["ServiceName"] == "Cyb3rWard0g"
    },
    76: lambda e: {
        x["SubjectUserName"] for x in e.windows(4697) if x["ServiceName"] == "Cyb3rWard0g"
    },
    77: lambda e: len(e.windows(4946)),
    78: lambda e: len(e.started("netsh.exe")),
    79: lambda e: {
        x["SourcePort"] for x in e.windows(5154) if base(x["Application"]) == "python.exe"
    },
    80: lambda e: {x["CommandLine"] for x in e.started("python.exe")},
    81: lambda e: bool(e.started() or e.windows(4688)),
    82: lambda e: {x["Resource"] for x in e.windows(5382)},
    83: lambda e: e.files("rundll32.exe"),
    84: quiet,
    85: lambda e: {x["DestAddress"] for x in e.windows(5157)},
    86: lambda e: len({x["TargetUserName"] for x in e.windows(4624)}),
    87: lambda e: {x["RuleName"] for x in e.windows(4946)},
    88: lambda e: {x["Image"] for x in e.sysmon(13) if "\\FirewallRules\\" in x["TargetObject"]},
}
SYSLOG = {
    1: lambda s: len({d["ServiceName"] for d in s.of(7045)}),
    2: lambda s: {d["ServiceName"] for d in s.of(7045)},
    3: lambda s: {d["param1"] for d in s.of(7040) if d["param3"] == "disabled"},
    4: lambda s: any(
        d["param1"] == "Windows Firewall" and d["param3"] == "disabled" for d in s.of(7040)
    ),
    5: lambda s: {
        d["ImagePath"] for d in s.of(7045) if d["ServiceName"] == "NetGroup Packet Filter Driver"
    },
    6: lambda s: {d["Computer"] for _, d in s.events},
    7: lambda s: bool(s.of(4688) or s.of(1) and any("CommandLine" in d for d in s.of(1))),
    8: lambda s: {d["QueryName"] for d in s.of(1014)},
    9: lambda s: {d["first"] for d in s.of(1074)},
    10: lambda s: {d["DestAddress"] for d in s.of(5156)},
}
MEM = {
    1: lambda t: t.parent("explorer.exe"),
    2: lambda t: len(t.named("svchost.exe")),
    3: lambda t: most(collections.Counter(r["ImageFileName"] for r in t.rows)),
    4: lambda t: {str(r["PID"]) for r in t.named("lsass.exe")},
    5: lambda t: t.parent("lsass.exe"),
    6: lambda t: {
        c["ImageFileName"] for r in t.named("explorer.exe") for c in t.children(r["PID"])
    },
    7: lambda t: len(t.children(8112)),
    8: lambda t: sum(1 for r in t.rows if r["ExitTime"]),
    9: lambda t: bool(t.named("mimikatz.exe")),
    10: lambda t: bool(t.named("pwsh.exe")),
    11: lambda t: {
        max(
            (when(r["ExitTime"]) - when(r["CreateTime"]), r["ImageFileName"])
            for r in t.rows
            if r["ExitTime"]
        )[1]
    },
    12: lambda t: {
        max((r["CreateTime"], r["ImageFileName"]) for r in t.rows if r["CreateTime"])[1]
    },
    15: lambda m: {r["Process"] for r in m},
    16: len,
    17: lambda m: sum(1 for r in m if r["Process"] == "MsMpEng.exe"),
    18: lambda m: any(r["Process"] == "lsass.exe" for r in m),
    19: lambda m: {str(collections.Counter(r["PID"] for r in m).most_common(1)[0][0])},
    20: lambda m: sum(1 for r in m if r["Protection"] == "PAGE_EXECUTE_READ"),
    22: lambda t: {r["Cmd"] for r in t.rows if r["PID"] == 6800},
    23: lambda t: {r["ImageFileName"] for r in t.rows if r["PID"] == 4564},
}
CAPA = {
    1: lambda c: {c.doc["meta"]["sample"]["sha256"]},
    2: lambda c: {c.doc["meta"]["analysis"]["arch"]},
    3: lambda c: c.techniques(),
    4: lambda c: c.techniques(),
    5: lambda c: bool(c.techniques()),
    6: lambda c: c.capabilities(),
    7: lambda c: c.any("screenshot"),
    8: lambda c: c.any("screenshot"),
    9: lambda c: {k for k in c.rules if k.startswith("encrypt data using ")},
    10: lambda c: c.any("TCP"),
    11: lambda c: c.any("read clipboard"),
    12: lambda c: {t for t in c.techniques() if t.startswith("T1055.")},
    13: lambda c: {k for k in c.rules if k.startswith("reference anti-VM strings targeting ")},
    14: lambda c: c.any("keystrokes"),
    18: lambda c: len(c.techniques()),
    19: lambda c: {m["id"] for r in c.rules.values() for m in r["meta"].get("mbc", [])},
    20: lambda c: {c.doc["meta"]["sample"]["sha1"]},
}
AL = {
    1: lambda s: {x["name"] for x in s["signatures"]},
    2: lambda s: any(x["name"] == "persistence_autorun" for x in s["signatures"]),
    3: lambda s: {
        d["regkey"]
        for x in s["signatures"]
        if x["name"] == "persistence_autorun"
        for d in x["data"]
        if "regkey" in d
    },
    4: lambda s: {max((x["score"], x["name"]) for x in s["signatures"])[1]},
    5: lambda s: {p["image"] for p in s["processes"] if p["ppid"] == 6488},
    6: lambda n: seconds(n["sandboxes"][0]["analysis_metadata"]),
    7: lambda n: {
        c["destination_ip"]
        for c in n["network_connections"]
        if c["transport_layer_protocol"] == "tcp"
    },
    8: lambda n: {d["domain"] for d in n["network_dns"] if d["lookup_type"] == "A"},
    9: lambda n: len(n["signatures"]),
    10: lambda n: {n["sandboxes"][0]["analysis_metadata"]["machine_metadata"]["hostname"]},
    11: lambda n: {p["image"] for p in n["processes"] if p["ppid"] == 7440},
    12: lambda n: bool(n["network_http"]),
    13: lambda r: "Signature: exec_crash" in signature_titles(r),
    14: lambda r: {
        f
        for s in r["result"]["sections"]
        if s["title_text"] == "Signature: stealth_file"
        for f in s["tags"]["dynamic"]["process"]["file_name"]
    },
    15: lambda r: {
        q["image"]
        for b in bodies(r, "Processes")
        for p in b["processes"]
        if base(p["image"]) == "bitsadmin.exe"
        for q in b["processes"]
        if q["pid"] == p["ppid"]
    },
    16: lambda r: "Signature: stealth_file" in signature_titles(r),
    18: lambda r: {
        s["title_text"].split(": ")[1]
        for s in r["result"]["sections"]
        if s["title_text"].startswith("Signature: ")
        and (s.get("heuristic") or {}).get("score") == 50
    },
    19: lambda r: {
        p["command_line"]
        for b in bodies(r, "Processes")
        for p in b["processes"]
        if base(p["image"]) == "net.exe"
    },
    21: lambda s: {p["command_line"] for p in s["processes"] if base(p["image"]) == "cmd.exe"},
    17: lambda r: seconds(bodies(r, "Processes")[0]["analysis_information"]["analysis_metadata"]),
}


def such(docs, kind, holds):
    return {r for r, d in docs.items() if isinstance(d, kind) and holds(d)}


def the(docs, part):
    return next(d for r, d in docs.items() if part in r)


def process_names(doc):
    """Names of the processes that a report lists; of a log, of those that it saw start."""
    if isinstance(doc, Events):
        return [base(e["Image"]) for e in doc.started()]
    if isinstance(doc, Tree):
        return [r["ImageFileName"].lower() for r in doc.rows]
    if isinstance(doc, list):
        return [name.lower() for name, _ in {(r["Process"], r["PID"]) for r in doc}]
    return [base(p["image"]) for p in al_part(doc, "processes")]


def al_part(doc, key):
    """Of an Assemblyline document, or nothing of any other."""
    if not isinstance(doc, dict):
        return []
    return bodies(doc, "Processes")[0][key] if "result" in doc else doc.get(key, [])


def destinations(doc):
    if isinstance(doc, Events):
        return {a for _, a, _ in doc.connections()}
    return {c["destination_ip"] for c in al_part(doc, "network_connections")}


def installed(docs):
    return such(docs, Events, lambda e: e.services()) | such(docs, System, lambda s: s.of(7045))


def only_in(docs, part):
    others = set().union(
        *(d.techniques() for r, d in docs.items() if isinstance(d, Capa) and part not in r)
    )
    return the(docs, part).techniques() - others


def used(name):
    return lambda c: name in c.techniques()


ACROSS = [
    lambda d: such(d, Events, lambda e: "raw.githubusercontent.com" in e.names()),
    lambda d: such(d, Events, lambda e: e.started("reg.exe")),
    lambda d: len(installed(d)),
    installed,
    lambda d: such(d, Events, lambda e: e.sysmon(8)),
    lambda d: such(d, Events, lambda e: e.tasks()),
    lambda d: such(d, Events, lambda e: e.opened("lsass.exe")),
    lambda d: such(
        d,
        Events,
        lambda e: any("601BDDF7691C5AF626A5719F1D7E35F1" in x["Hashes"] for x in e.started()),
    ),
    lambda d: len(such(d, Events, lambda e: e.windows(1102))),
    lambda d: such(d, Events, lambda e: "github.com" in e.names()),
    lambda d: {
        max((len(process_names(x)), r) for r, x in d.items() if not isinstance(x, (Capa, System)))[
            1
        ]
    },
    lambda d: such(d, list, lambda m: any(r["Process"] == "MsMpEng.exe" for r in m)),
    lambda d: {r for r, x in d.items() if "151.101.208.133" in destinations(x)},
    lambda d: {r for r, x in d.items() if "23.58.186.124" in destinations(x)},
    lambda d: {
        r
        for r, x in d.items()
        if not isinstance(x, (Capa, System)) and "pwsh.exe" in process_names(x)
    },
    lambda d: {
        r
        for r, x in d.items()
        if any(s["name"] == "persistence_autorun" for s in al_part(x, "signatures"))
    },
    lambda d: bool(such(d, Events, lambda e: e.tasks())),
    lambda d: any(
        "mimikatz.exe" in process_names(x) for x in d.values() if not isinstance(x, (Capa, System))
    ),
    lambda d: such(d, Capa, lambda c: c.any("capture screenshot")),
    lambda d: such(d, Capa, used("T1027")),
    lambda d: len(such(d, Capa, used("T1129"))),
    lambda d: such(d, Capa, used("T1129")) - such(d, Capa, used("T1027")),
    lambda d: the(d, "0761142e").techniques() & the(d, "1c444ebe").techniques(),
    lambda d: only_in(d, "1c444ebe"),
    lambda d: {the(d, "Lab 01-01").doc["meta"]["sample"]["md5"]},
    None,
    lambda d: {max((len(c.capabilities()), r) for r, c in d.items() if isinstance(c, Capa))[1]},
    lambda d: the(d, "3f3bbcf8").capabilities() & the(d, "al-khaser").capabilities(),
    lambda d: such(d, Capa, lambda c: c.any("keystrokes")),
]
ONE = {"evtx": EVTX, "syslog": SYSLOG, "mem": MEM, "capa": CAPA, "al": AL}


def derive(q):
    """None where the answer is that the tool does not record it."""
    family, number = q["id"].rsplit("-", 1)
    docs = {r: once(r, lambda r=r: load(r)) for r in q["reports"]}
    if family == "multi":
        return ACROSS[int(number) - 1](docs)
    function = ONE.get(family, {}).get(int(number))
    return function(docs[q["reports"][0]]) if function else None


def accepts(item, value):
    """Whether one of the spellings that an expected item accepts is of this raw value."""
    folded = value.lower()
    stem = os.path.basename(folded)
    return any(
        s.lower() in (folded, stem, stem.rsplit(".", 1)[0]) or s.lower() in folded for s in item
    )


def agree(q, got):
    if isinstance(got, bool):
        return q["truth"] is got
    if isinstance(got, int):
        return q["count"] == got
    items = q["items"]
    return (
        items is not None
        and all(any(accepts(i, v) for v in got) for i in items)
        and all(any(accepts(i, v) for i in items) for v in got)
    )


def main():
    if not os.path.isdir(ROOT):
        print("skipped: no reports at '%s'" % ROOT)
        return 77
    derived = wrong = unrecorded = 0
    left = []
    with open(os.path.join(HERE, "logs.jsonl"), encoding="utf-8") as f:
        questions = [json.loads(line) for line in f]
    for q in questions:
        if not q["answerable"]:
            unrecorded += 1
            continue
        got = derive(q)
        if got is None:
            left.append(q["id"])
            continue
        derived += 1
        if not agree(q, got):
            wrong += 1
            print(
                "%s: %s\n  expected %s\n  derived  %s"
                % (
                    q["id"],
                    q["question"],
                    json.dumps({k: q[k] for k in ("truth", "count", "items")}, ensure_ascii=False),
                    got,
                )
            )
    print(
        "%d questions: %d derived, %d wrong; %d that the tool does not record; not derived: %s"
        % (len(questions), derived, wrong, unrecorded, " ".join(left) or "none")
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
