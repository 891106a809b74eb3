"""bench/harness/processes.py: programs are started, timed and ended."""
import sys
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from harness.processes import CommandFailed, TookTooLong, run, seconds_to_line  # noqa: E402


def python(script):
    return [sys.executable, "-c", script]


def seconds_of(call):
    begin = time.monotonic()
    call()
    return time.monotonic() - begin


class SecondsToLine(unittest.TestCase):
    def test_is_the_time_to_the_line_and_not_to_the_end(self):
        script = "import time; print('other'); print('ready 1', flush=True); time.sleep(1)"
        began = time.monotonic()
        seconds = seconds_to_line(python(script), 1, None, "ready")
        self.assertLess(seconds, time.monotonic() - began - 0.9)

    def test_ends_a_program_that_says_nothing_at_the_time_limit(self):
        def call():
            with self.assertRaisesRegex(TookTooLong, "took longer than 1 s"):
                seconds_to_line(python("import time; time.sleep(60)"), 1, None, "ready", timeout=1)
        self.assertLess(seconds_of(call), 10)

    def test_ends_a_program_that_says_the_line_and_then_hangs(self):
        script = "import time; print('ready', flush=True); time.sleep(60)"
        with self.assertRaises(TookTooLong):
            seconds_to_line(python(script), 1, None, "ready", timeout=1)

    def test_ends_a_program_that_never_ends_a_line(self):
        script = "import sys, time\nwhile True: sys.stdout.write('.'); sys.stdout.flush(); time.sleep(0.05)"
        with self.assertRaises(TookTooLong):
            seconds_to_line(python(script), 1, None, "ready", timeout=1)

    def test_a_program_that_closes_its_output_and_hangs_takes_too_long(self):
        script = "import os, time; print('ready', flush=True); os.close(1); time.sleep(60)"
        with self.assertRaises(TookTooLong):
            seconds_to_line(python(script), 1, None, "ready", timeout=1)

    def test_without_the_line_it_fails(self):
        with self.assertRaisesRegex(CommandFailed, "ended without a line that begins with 'ready'"):
            seconds_to_line(python("print('not ready')"), 1, None, "ready")


class Run(unittest.TestCase):
    def test_gives_standard_output(self):
        self.assertEqual(run(python("print('text')"), 1, 30), "text\n")

    def test_ends_what_the_program_has_started_at_the_time_limit(self):
        script = "import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"

        def call():
            with self.assertRaises(TookTooLong):
                run(python(script), 1, 1)
        self.assertLess(seconds_of(call), 10)

    def test_says_the_status_and_the_last_line_of_a_program_that_fails(self):
        with self.assertRaisesRegex(CommandFailed, "exit status 3: the reason"):
            run(python("import sys; print('the reason', file=sys.stderr); sys.exit(3)"), 1, 30)


if __name__ == "__main__":
    unittest.main()
