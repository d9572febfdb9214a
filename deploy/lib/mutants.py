#!/usr/bin/env python3
"""Shows that the tests have teeth: builds deliberate defects in, and wants each to be found.

    mutants.py check                  every edit of mutants.yaml still applies to Sources/
    mutants.py run FOLDER [NAME...]   in a copy made in FOLDER; all of them unless named

All defects are compiled in at once, each behind a switch, so that there is one build; the runs then
differ in an environment variable only. The first run has none on and must be green, or red would
mean nothing. Exit 0 only if every defect was found.
"""
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = Path(__file__).resolve().parent / "mutants.yaml"
# A run that hangs is not one that found something.
TIMEOUT_SECONDS = 900
DEFAULT_SCHEDULES = 40
SWITCH = """import Foundation

enum Mutant {
    private static let name = ProcessInfo.processInfo.environment["MUTANT"] ?? ""
    static func isOn(_ name: String) -> Bool { self.name == name }
}
"""
# Less to build; the tests that find defects need no more.
TRIM = """
let kept: Set = [
    "CLibrdkafka", "CSQLite", "CSimdjson", "Qualification", "WireFormats", "DefinitionFiles",
    "KafkaClient", "Storage", "Worker", "ReferenceModel", "TestSupport", "SimulatedKafka",
    "SimulationTests", "QualificationTests",
]
package.targets.removeAll { !kept.contains($0.name) }
package.products = []
"""
FAILED = re.compile(r"^\S+\s+Test (.+?) (?:failed after|recorded an issue)")
RAN = re.compile(r"Test run with (\d+) tests?")
STARTED = re.compile(r"^\S+\s+Test (?!run ).+ started\.$", re.MULTILINE)
# What swift test says of a test process; its own status is 1 then.
ENDED = re.compile(r"unexpected signal code (\d+)")
# Nothing that a test finds: SIGKILL (too little memory) and SIGTERM.
FROM_OUTSIDE = {9, 15}


def edit(sources, mutants):
    """Applies every edit; returns what does not apply."""
    faults = []
    for mutant in mutants:
        for change in mutant["edits"]:
            path = sources / change["file"]
            text = path.read_text() if path.exists() else ""
            found = text.count(change["old"])
            if found != 1:
                faults.append(f"{mutant['name']}: stands {found} times in Sources/"
                              f"{change['file']}, not once: {change['old'].strip()[:60]!r}")
                continue
            path.write_text(text.replace(change["old"], change["new"]))
        if not any(f'Mutant.isOn("{mutant["name"]}")' in change["new"]
                   for change in mutant["edits"]):
            faults.append(f"{mutant['name']}: no edit asks whether it is on")
    return faults


def copy(target):
    """The tree as it is, without what was built of it."""
    for name in ["Sources", "Tests", "Package.swift"]:
        if (target / name).is_dir():
            shutil.rmtree(target / name)
    target.mkdir(parents=True, exist_ok=True)
    for name in ["Sources", "Tests"]:
        shutil.copytree(ROOT / name, target / name)
    for name in ["deploy/sample", "schemas"]:
        if not (target / name).exists():
            shutil.copytree(ROOT / name, target / name)
    if (ROOT / "Package.resolved").exists():
        shutil.copy(ROOT / "Package.resolved", target)
    (target / "Package.swift").write_text((ROOT / "Package.swift").read_text() + TRIM)


def prepare(target, mutants):
    copy(target)
    faults = edit(target / "Sources", mutants)
    modules = {change["file"].partition("/")[0] for mutant in mutants
               for change in mutant["edits"]}
    for module in modules:
        (target / "Sources" / module / "Mutant.swift").write_text(SWITCH)
    return faults


def run_tests(target, mutant):
    """The names of the tests that failed, and why the run says nothing, if so."""
    environment = dict(os.environ, MUTANT=mutant.get("name", ""),
                       HANDOFF_SIM_SCHEDULES=str(mutant.get("schedules", DEFAULT_SCHEDULES)))
    command = ["swift", "test", "--skip-build", "--filter", mutant["tests"]]
    log = target / f"{mutant.get('name') or 'none'}.log"
    with open(log, "w", encoding="utf-8") as output:
        try:
            status = subprocess.run(command, cwd=target, env=environment, stdout=output,
                                    stderr=subprocess.STDOUT, timeout=TIMEOUT_SECONDS).returncode
        except subprocess.TimeoutExpired:
            return [], f"not within {TIMEOUT_SECONDS} s"
    text = log.read_text(errors="replace")
    failed = {match[1].split(" with ")[0].strip('"') for line in text.splitlines()
              if (match := FAILED.match(line)) and not match[1].startswith("run ")}
    if failed:
        return sorted(failed), None
    # A precondition that ends the process finds a defect as well, and before the line that tells how
    # many tests ran.
    signal = ENDED.search(text)
    if signal and int(signal[1]) not in FROM_OUTSIDE and STARTED.search(text):
        return [f"the process ended with signal {signal[1]}"], None
    ran = sum(int(count) for count in RAN.findall(text))
    if ran == 0:
        return [], f"no test ran: {text.strip().splitlines()[-1:]}"
    return ([f"the process ended with {status}"] if status != 0 else []), None


def run(target, names):
    mutants = yaml.safe_load(FILE.read_text())
    unknown = set(names) - {mutant["name"] for mutant in mutants}
    if unknown:
        sys.exit(f"no such defect: {', '.join(sorted(unknown))}")
    faults = prepare(target, mutants)
    if faults:
        sys.exit("\n".join(faults))
    started = time.monotonic()
    build = subprocess.run(["swift", "build", "--build-tests"], cwd=target, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if build.returncode != 0:
        sys.exit(f"the copy with the defects cannot be built\n{build.stdout[-4000:]}")
    print(f"built with {len(mutants)} defects in {time.monotonic() - started:.0f} s", flush=True)
    wanted = [mutant for mutant in mutants if not names or mutant["name"] in names]
    filters = "|".join(sorted({mutant["tests"] for mutant in wanted}))
    failed, problem = run_tests(target, {"tests": filters})
    if failed or problem:
        sys.exit(f"red without any defect: {', '.join(failed) or problem}")
    print(f"{'defect':<22} {'seconds':>7}  caught by", flush=True)
    survivors = []
    for mutant in wanted:
        started = time.monotonic()
        failed, problem = run_tests(target, mutant)
        if not failed:
            survivors.append(mutant["name"])
        found = "; ".join(failed) or f"NOTHING {problem or ''}: {mutant['defect']}"
        print(f"{mutant['name']:<22} {time.monotonic() - started:>7.0f}  {found[:100]}", flush=True)
    print(f"mutants: {len(wanted) - len(survivors)} of {len(wanted)} caught")
    return not survivors


def check():
    """Applies everything to a copy of the sources; prints what does not fit."""
    import tempfile
    mutants = yaml.safe_load(FILE.read_text())
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "Sources", Path(folder) / "Sources")
        faults = edit(Path(folder) / "Sources", mutants)
    for fault in faults:
        print(f"mutants.yaml: {fault}")
    print(f"{len(mutants)} deliberate defects, {len(faults)} do not apply")
    return not faults


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        sys.exit(0 if check() else 1)
    if len(sys.argv) > 2 and sys.argv[1] == "run":
        sys.exit(0 if run(Path(sys.argv[2]), sys.argv[3:]) else 1)
    sys.exit(__doc__)
