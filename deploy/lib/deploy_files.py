"""What the checks of the deployment files share: the files, the program's own words, the faults."""
import functools
import json
import os
import re
import subprocess
import zipfile
from pathlib import Path

import jsonschema
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ["container", "grafana", "kubernetes", "prometheus", "sample", "systemd"]
PAGES = ["runbook.md", "capacity.md"]
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def files_of(deploy):
    return sorted([path for folder in FOLDERS for path in (deploy / folder).rglob("*")
                   if path.is_file()] + [deploy / page for page in PAGES])


def seconds(text):
    number, unit = re.fullmatch(r"([0-9.]+)\s*([a-z]*)", str(text)).groups()
    return float(number) * UNITS[unit or "s"]


class Faults:
    """What was wrong, in sentences, and how many things were right."""

    def __init__(self, deploy):
        self.deploy, self.passed, self.found = deploy, 0, []

    def expect(self, condition, path, words):
        if condition:
            self.passed += 1
            return
        shown = path.relative_to(self.deploy) if path.is_relative_to(self.deploy) else path.name
        self.found.append(f"{shown}: {words}")


class Settings:
    """The program's settings, by its own `help settings`."""

    def __init__(self, text):
        self.text = text
        found = re.findall(
            r"--([a-z-]+)[^(\n]*\((HANDOFF_[A-Z_]+)\)\n.*?(?:default ([^\n]*))?\n", text)
        self.flags = {f"--{flag}" for flag, _, _ in found}
        self.variables = {variable: default for _, variable, default in found}
        self.names = {flag.replace("-", "_"): default for flag, _, default in found}

    def seconds(self, name, values=None):
        return seconds((values or {}).get(name, self.names[name]))


class UniqueLoader(yaml.SafeLoader):
    """Two keys of the same name are a mistake, and YAML readers take the last one."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"line {node.start_mark.line + 1}: {key} is there twice")
        return super().construct_mapping(node, deep)


class Tree:
    """The files of one deploy folder, and what is asked of the outside, each once."""

    def __init__(self, deploy, options):
        self.deploy, self.options = deploy, options
        self.texts, self.documents = {}, {}
        self.commands, self.skipped = [], []

    def skip(self, words):
        if words not in self.skipped:
            self.skipped.append(words)

    @property
    def settings(self):
        return read_settings(self.options.handoff)

    @property
    def metrics(self):
        return read_metrics()

    def help(self, *names):
        return read_help(self.options.handoff, *names)

    def yaml(self, name):
        return self.documents[self.deploy / name]

    def expect_good_settings(self, faults, path, environment):
        """The program itself takes the settings and the definition they name."""
        done = subprocess.run(
            [self.options.handoff, "check"], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], **environment})
        faults.expect(done.returncode == 0, path, f"handoff check: {done.stderr.strip()}")
        properties = {name.removeprefix("HANDOFF_KAFKA_").lower().replace("_", "."): value
                      for name, value in environment.items()
                      if name.startswith("HANDOFF_KAFKA_")}
        if properties:
            import confluent_kafka
            try:
                confluent_kafka.Producer({**properties, "log_level": 0})
                faults.expect(True, path, "")
            except confluent_kafka.KafkaException as error:
                faults.expect(False, path, f"librdkafka: {error.args[0].str()}")

    def promtool(self, *words):
        done = subprocess.run([self.options.promtool, *map(str, words)], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL)
        return done.returncode == 0, (done.stdout + done.stderr).strip()


@functools.cache
def read_settings(handoff):
    return Settings(subprocess.run([handoff, "help", "settings"], capture_output=True, text=True,
                                   check=True).stdout)


@functools.cache
def read_help(handoff, *names):
    done = subprocess.run([handoff, "help", *names], capture_output=True, text=True)
    shown = re.search(r"(?m)^USAGE: handoff ?(.*)$", done.stdout)
    # Of an unknown name it shows the overview.
    is_meant = shown and shown[1].startswith(" ".join(names))
    return done.stdout if done.returncode == 0 and is_meant else None


@functools.cache
def read_metrics():
    """Name to (type, labels), by schemas/metrics.md."""
    rows = re.findall(r"(?m)^\| `(\w+)` \| (\w+) \| ([^|]*) \|",
                      (ROOT / "schemas/metrics.md").read_text())
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


@functools.cache
def wheel(folder, package):
    return zipfile.ZipFile(next(Path(folder).glob(f"{package}-*.whl")))


@functools.cache
def validator(folder, package, name):
    """Of a JSON Schema in a wheel; references are files beside it."""
    base = name.rpartition("/")[0]
    schema = json.loads(wheel(folder, package).read(name))
    registry = Registry(
        retrieve=lambda uri: resource(folder, package, f"{base}/{uri.rpartition('/')[2]}"))
    return jsonschema.validators.validator_for(schema, default=jsonschema.Draft7Validator)(
        schema, registry=registry)


@functools.cache
def resource(folder, package, name):
    return Resource.from_contents(json.loads(wheel(folder, package).read(name)),
                                  default_specification=DRAFT7)


def quoted_commands(text):
    """The words of every `handoff ...` in a page, and of lines of code that begin with it."""
    found = re.findall(r"`handoff ([a-z][^`]*)`", text)
    found += [line.partition("#")[0] for line in re.findall(r"(?m)^handoff ([a-z].*)$", text)]
    return [words.split() for words in found]


def load_all(tree, faults):
    """Every file is read once; what is YAML or JSON has to be that."""
    for path in files_of(tree.deploy):
        text = tree.texts[path] = path.read_text()
        try:
            if path.suffix in (".yaml", ".yml"):
                tree.documents[path] = [found for found in yaml.load_all(text, UniqueLoader)
                                        if found is not None]
            elif path.suffix == ".json":
                tree.documents[path] = [json.loads(text)]
            else:
                continue
            faults.expect(tree.documents[path], path, "is empty")
        except (yaml.YAMLError, ValueError) as error:
            faults.expect(False, path, f"does not parse: {' '.join(str(error).split())}")
