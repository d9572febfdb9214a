#!/usr/bin/env python3
"""Judges the files of deploy/ that run, watch and scale the worker; deploy/test calls it.

    check_deploy.py --handoff PROGRAM --promtool PROGRAM --schemas FOLDER [--deploy FOLDER]

Kubernetes objects and the composition are held against their published schemas (read out of the
wheels in FOLDER), rules and queries against promtool, the unit against systemd-analyze, settings,
flags and variables against the program, metrics against schemas/metrics.md, and the files against
each other. Then it makes the wrong edits of wrong-edits.yaml, one at a time in a copy, and wants
each to be found. Prints every fault; exit 0 only without any.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

import capacity
from deploy_files import Faults, Tree, files_of, load_all, quoted_commands
from deploy_containers import check_compose, check_containerfile
from deploy_kubernetes import check_kubernetes
from deploy_monitoring import (check_arrival, check_dashboard, check_prometheus, check_queries,
                               check_rule_tests, check_rules)

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Exposure by systemd's own scale, times ten: 0 is the least, 100 no protection at all.
LARGEST_EXPOSURE = 20
SNAKE = re.compile(r"[a-z]+(?:_[a-z]+)+")


def parse_arguments():
    parser = argparse.ArgumentParser(description="Judges the deployment files.")
    parser.add_argument("--handoff", type=Path, required=True)
    parser.add_argument("--promtool", type=Path, required=True)
    parser.add_argument("--schemas", type=Path, required=True, help="folder with the wheels")
    parser.add_argument("--deploy", type=Path, default=ROOT / "deploy")
    return parser.parse_args()


def check_words(tree, faults):
    """Variables, flags and names in all files are ones that the program has."""
    allowed = set(tree.settings.variables) | {"HANDOFF_SETTINGS"}
    for path, text in tree.texts.items():
        for name in sorted(set(re.findall(r"HANDOFF_[A-Z0-9_]*[A-Z0-9]", text))):
            # Properties of librdkafka are for expect_good_settings.
            if not name.startswith("HANDOFF_KAFKA"):
                faults.expect(name in allowed, path, f"{name} is no setting of the program")
        for image in re.findall(r"(?m)^(?:FROM|\s*-?\s*(?:image|newName):)\s+([^\s{&*]+)", text):
            host = image.partition("/")[0] if "/" in image else ""
            faults.expect("." not in host and ":" not in host, path,
                          f"{image} names a registry; which one is a matter of the machine")
        for folder in re.findall(r"(?<![\w.$/])/(?:home|root|work|tmp|Users)/\S*", text):
            faults.expect(False, path, f"names a folder of one machine: {folder}")


def check_commands(tree, faults):
    """Commands in prose and in manifests parse: subcommands and flags exist."""
    pages = [tree.deploy / "runbook.md", tree.deploy / "capacity.md", ROOT / "README.md"]
    commands = [(page, words) for page in pages if page.exists()
                for words in quoted_commands(page.read_text())]
    commands += tree.commands
    for path, words in commands:
        names = []
        for word in words:
            if not re.fullmatch(r"[a-z]+(?:-[a-z]+)*", word):
                break
            names.append(word)
        help_text = tree.settings.text if names[:1] == ["help"] else None
        for count in range(0 if help_text else min(len(names), 2), 0, -1):
            help_text = help_text or tree.help(*names[:count])
            # What follows the name of a family has to be one of its own.
            if help_text and "SUBCOMMANDS:" in help_text and len(names) > count:
                help_text = None
        faults.expect(help_text, path, f"'handoff {' '.join(words)}' is no command")
        for word in words:
            if help_text and word.startswith("--"):
                flag = word.split("=")[0].rstrip(".,;:)")
                known = flag in tree.settings.flags or re.search(
                    rf"(?<![\w-]){re.escape(flag)}(?![\w-])", help_text)
                faults.expect(known, path, f"'handoff {' '.join(names)}' has no flag {flag}")


def check_pages(tree, faults):
    """Links lead somewhere, and names in backquotes are names of something."""
    vocabulary = tree.settings.text + "".join(
        file.read_text() for file in (ROOT / "schemas").glob("*.*"))
    known = set(SNAKE.findall(vocabulary))
    for page in (tree.deploy / "runbook.md", tree.deploy / "capacity.md"):
        text = page.read_text()
        anchors = {re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
                   for line in text.splitlines() if line.startswith("#")}
        for target in re.findall(r"\]\(([^)]+)\)", text):
            file, _, anchor = target.partition("#")
            faults.expect(not file or (page.parent / file).exists(), page, f"no file {file}")
            if anchor and not file:
                faults.expect(anchor in anchors, page, f"no heading #{anchor}")
        for name in sorted(set(re.findall(r"`([a-z_]+)`", text))):
            if SNAKE.fullmatch(name):
                faults.expect(name in known, page, f"`{name}` is no setting, metric or code")


def check_unit(tree, faults):
    path = tree.deploy / "systemd/handoff.service"
    text = path.read_text()
    fields = dict(re.findall(r"(?m)^(\w+)=(.*)$", text))
    faults.expect(int(fields["TimeoutStopSec"]) > tree.settings.seconds("shutdown_timeout"), path,
                  "TimeoutStopSec is not longer than shutdown_timeout")
    faults.expect(fields.get("ExecReload") == "/bin/kill -HUP $MAINPID", path,
                  "a reload is a SIGHUP")
    faults.expect("SIGHUP" in fields.get("RestartForceExitStatus", "").split(), path,
                  "a reload during the start would end the worker for good")
    faults.expect(set(fields.get("RestartPreventExitStatus", "").split()) == {"2", "4"}, path,
                  "the exit codes that do not get better by starting again are 2 and 4")
    limit = int(fields.get("StartLimitIntervalSec", 10))
    faults.expect(limit == 0 or int(fields.get("StartLimitBurst", 5))
                  * int(fields["RestartSec"]) > limit, path,
                  "a broker that is away for long would leave the worker down for good")
    environment = dict(re.findall(r"(?m)^Environment=(\w+)=(.*)$", text))
    for name in ("HANDOFF_INSTANCE_ID", "HANDOFF_STATE_FOLDER"):
        faults.expect(name in environment, path, f"{name} is not set")
    environment = {name: value.replace("%S", "state").replace("%l", "host")
                   for name, value in environment.items()}
    environment["HANDOFF_SETTINGS"] = str(ROOT / "deploy/sample/handoff.yaml")
    environment["HANDOFF_DEFINITION"] = str(ROOT / "deploy/sample/definition.yaml")
    tree.expect_good_settings(faults, path, environment)
    tree.commands.append((path, fields["ExecStart"].split()[1:]))
    if shutil.which("systemd-analyze") is None:
        tree.skip("the unit by systemd-analyze, which is not installed (package systemd)")
        return
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder) / "handoff.service"
        # It wants the program to be there; where it will be is not for this machine to say.
        unit.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text))
        for options in (["verify"], ["security", "--offline=true",
                                     f"--threshold={LARGEST_EXPOSURE}"]):
            done = subprocess.run(["systemd-analyze", "--no-pager", *options, str(unit)],
                                  capture_output=True, text=True, stdin=subprocess.DEVNULL)
            words = [line for line in done.stderr.splitlines() if "handoff.service" in line]
            faults.expect(done.returncode == 0 and not words, path,
                          f"systemd-analyze {options[0]}: "
                          f"{'; '.join(words) or done.stdout[-300:]}")


def check_capacity(tree, faults):
    path = tree.deploy / "capacity.md"
    text = tree.texts[path]
    try:
        faults.expect(capacity.page(text) == text, path,
                      "is not what capacity.py computes: run deploy/lib/capacity.py --write")
    except SystemExit as error:
        faults.expect(False, path, str(error))


SECTIONS = {
    "rules": check_rules, "rule tests": check_rule_tests, "dashboard": check_dashboard,
    "prometheus": check_prometheus, "queries": check_queries, "arrival": check_arrival,
    "kubernetes": check_kubernetes, "compose": check_compose,
    "containerfile": check_containerfile, "unit": check_unit, "words": check_words,
    "commands": check_commands, "pages": check_pages, "capacity": check_capacity}


def run(options, deploy, names):
    faults = Faults(deploy)
    tree = Tree(deploy, options)
    load_all(tree, faults)
    if not faults.found:
        for name in names:
            SECTIONS[name](tree, faults)
    return tree, faults


def try_edit(options, edit):
    """The faults that are found with the edit; None if it no longer fits its file."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "deploy"
        for path in files_of(options.deploy):
            target = copy / path.relative_to(options.deploy)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        file = copy / edit["file"]
        text = file.read_text()
        if edit["old"] not in text:
            return None
        file.write_text(text.replace(edit["old"], edit["new"], 1))
        # Commands of manifests are gathered by the sections that read those.
        before = ["kubernetes", "compose", "containerfile", "unit"]
        return run(options, copy, [*(before if edit["by"] == "commands" else []), edit["by"]]
                   )[1].found


def check_wrong_edits(options, faults):
    """Each wrong edit, alone, must be found; one that no longer fits its file is a fault, too."""
    source = HERE / "wrong-edits.yaml"
    edits = [edit for edit in yaml.safe_load(source.read_text())
             if "needs" not in edit or shutil.which(edit["needs"])]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for edit, found in zip(edits, pool.map(lambda edit: try_edit(options, edit), edits)):
            faults.expect(found is not None, source,
                          f"{edit['file']} has no {edit['old']!r} any more")
            faults.expect(found is None or any(edit["says"] in fault for fault in found), source,
                          f"in {edit['file']} {edit['new']!r} is not found"
                          + "".join(f"\n    found: {fault}" for fault in found or []))


def main():
    options = parse_arguments()
    tree, faults = run(options, options.deploy, SECTIONS)
    if not faults.found:
        check_wrong_edits(options, faults)
    for fault in faults.found:
        print(fault)
    for words in tree.skipped:
        print(f"skipped: {words}")
    print(f"deployment: {faults.passed} checks passed, {len(faults.found)} failed")
    sys.exit(1 if faults.found else 0)


if __name__ == "__main__":
    main()
