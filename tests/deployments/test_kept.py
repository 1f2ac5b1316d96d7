import os
import subprocess
import sys

MODULE = """
import sys, time
try:
    print(*sys.argv, __name__, flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""

WAIT_S = 60


def test_a_module_runs_as_by_itself_and_is_interrupted_when_its_starter_is_gone(tmp_path):
    (tmp_path / "waits.py").write_text(MODULE, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    with subprocess.Popen(
        [sys.executable, "-m", "deployments.kept", "waits", "for", "it"],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as kept:
        assert kept.stdout.readline().split()[1:] == ["for", "it", "__main__"]
        kept.stdin.close()
        assert kept.wait(WAIT_S) == 0
        assert kept.stdout.read() == "interrupted\n"
