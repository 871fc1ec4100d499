"""What Scripts/plugin-survey and Scripts/check-survey share: which plugins there are, and tables."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ["mda-lv2", "x42-plugins", "dragonfly-reverb-lv2", "zam-plugins", "swh-plugins", "cmt"]


class Survey:
    """Every plugin of some Debian packages, as `AudioHost scan` finds them."""

    def __init__(self, binary, packages, environment):
        self.plugins, self.failures, self.versions = [], [], {}
        missing = []

        for package in packages or PACKAGES:
            listing = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True)
            if listing.returncode != 0:
                missing.append(package)
                continue
            self.versions[package] = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                                                    capture_output=True, text=True).stdout
            scan = subprocess.run([binary, "scan", "--json"] + plugin_files(listing.stdout.split("\n")),
                                  capture_output=True, text=True, env=environment)
            if scan.returncode != 0:
                fail(f"{package}: the scan failed: {scan.stderr}")
            found = json.loads(scan.stdout)
            self.failures += [dict(failure, package=package) for failure in found["failures"]]
            self.plugins += [dict(plugin, package=package) for plugin in found["plugins"]]

        if missing:
            fail("not installed: " + ", ".join(missing) + "; apt-get install them")

    def run(self, work):
        """Calls work (number, plugin) for each plugin, two at a time. Returns what it returned, in order."""
        def work_and_tell(numbered):
            number, plugin = numbered
            result = work(number, plugin)
            if sys.stderr.isatty():
                print(f"\r\033[K{number + 1}/{len(self.plugins)} {plugin['name']}", end="", file=sys.stderr, flush=True)
            return result

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(work_and_tell, enumerate(self.plugins)))
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)
        return results

    def table_of_packages(self):
        count = {package: sum(plugin["package"] == package for plugin in self.plugins) for package in self.versions}
        return table(["package", "version", "plugins"], "llr",
                     [(package, version, count[package]) for package, version in self.versions.items()])


def plugin_files(paths):
    """The bundles and LADSPA files among a package's files."""
    found = set()
    for path in paths:
        parts = pathlib.PurePath(path).parts
        for i, part in enumerate(parts):
            if part.endswith((".lv2", ".vst3")):
                found.add(os.path.join(*parts[: i + 1]))
                break
        else:
            if path.endswith(".so") and "/ladspa/" in path:
                found.add(path)
    return sorted(found)


def table(titles, alignment, rows):
    """A Markdown table. Alignment: a letter a column, l or r."""
    def line(cells):
        return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return [line(titles), "|" + "|".join("---:" if a == "r" else "---" for a in alignment) + "|"] + [line(row) for row in rows]


def write(path, lines):
    output = pathlib.Path(path)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("\n".join(lines) + "\n")


def version_of(binary):
    return subprocess.run([binary, "--version"], capture_output=True, text=True).stdout.strip()


def fail(message):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {message}")
