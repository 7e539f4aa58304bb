"""A SLURM cluster whose only node is this machine, from Debian's packages, on loopback alone.

It has a configuration and a key of its own: what is set up under /etc stays as it is. Its daemons
are processes of the test, and end with it.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.copied_tree import wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
CONFIGURATION = """\
ClusterName=lenet
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,batch_sched_delay=0
ReturnToService=2
KillWait=5
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=64000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Why no cluster can be started on this machine; "" where one can."""
    if os.geteuid() != 0:
        return "SLURM's daemons are started by root alone"
    for program in PROGRAMS:
        if not shutil.which(program):
            return f"SLURM is not installed: there is no {program}"
    own_mount = ["unshare", "-m", "mount", "--bind", "/etc/slurm", "/etc/slurm"]
    if subprocess.run(own_mount, capture_output=True).returncode:
        return "this system lets root mount nothing, or there is no /etc/slurm"
    return ""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Cluster:
    """A controller and a node; `cores` jobs of one core run on it at once."""

    def __init__(self, folder: Path, cores: int = 2):
        self.folder = folder
        self.host = socket.gethostname().partition(".")[0]
        self.configuration = folder / "etc" / "slurm.conf"
        self.daemons: dict[str, subprocess.Popen] = {}
        text = CONFIGURATION.format(
            host=self.host,
            folder=folder,
            cores=cores,
            controller_port=free_port(),
            node_port=free_port(),
        )
        for name in ("etc", "state", "spool"):
            (folder / name).mkdir()
        self.configuration.write_text(text)
        key = folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)

    @property
    def environment(self) -> dict[str, str]:
        """With it SLURM's commands ask this cluster."""
        return {"SLURM_CONF": str(self.configuration)}

    def start(self, name: str, *words: str):
        """Start a daemon in the foreground, as a process of ours."""
        with (self.folder / f"{name}.log").open("a") as log:
            self.daemons[name] = subprocess.Popen(
                words,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_munge(self):
        files = [f"--{name}-file={self.folder}/munge.{name}" for name in ("key", "pid", "seed")]
        socket_file = f"{self.folder}/munge.socket"
        self.start("munged", "munged", "--foreground", "--force", f"--socket={socket_file}", *files)
        wait_until(Path(socket_file).exists, 60, "munge's socket")

    def start_controller(self):
        self.start("slurmctld", "slurmctld", "-D", "-f", str(self.configuration))
        wait_until(lambda: self.ask("scontrol", "ping")[0] == 0, 120, "a controller that answers")

    def start_node(self, *mounts: str):
        """Start the node; `mounts` are shell commands that change what it alone sees of files."""
        # Jobs find it there: the plugin hands no SLURM_CONF on to them.
        its_own = f"mount --bind {self.configuration.parent} /etc/slurm"
        command = f"exec slurmd -D -f {self.configuration} -N {self.host}"
        script = "\n".join([its_own, *mounts, command])
        self.start("slurmd", "unshare", "-m", "sh", "-ec", script)
        wait_until(lambda: self.node_state() == "idle", 120, "a node that is idle")

    def end(self, name: str):
        """End a daemon, and wait until it has ended."""
        daemon = self.daemons.pop(name)
        daemon.terminate()
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def end_all(self):
        """Cancel what runs; then end the daemons and what they have left."""
        if "slurmctld" in self.daemons:
            self.end_jobs()
        for name in ("slurmd", "slurmctld", "munged"):
            if name in self.daemons:
                self.end(name)
        for process in psutil.process_iter(["name"]):
            with suppress(psutil.Error):
                if process.info["name"] == "slurmstepd" and self.started(process):
                    process.kill()

    def started(self, process: psutil.Process) -> bool:
        """Whether a process is one of this cluster, by its environment. Raises psutil.Error."""
        return process.environ().get("SLURM_CONF", "").startswith(str(self.folder))

    def drain(self):
        """Let the node start no more jobs."""
        self.tell("scontrol", "update", f"nodename={self.host}", "state=drain", "reason=a test")

    def resume(self):
        """Let it start jobs again."""
        words = ("scontrol", "update", f"nodename={self.host}", "state=resume")
        # Not before a controller that has just started has heard of its node.
        while "drain" in self.node_state() and self.ask(*words)[0]:
            time.sleep(1)

    def end_jobs(self):
        """Cancel every job, and wait until it has ended."""
        self.ask("scancel", "--user=root")
        wait_until(lambda: not self.jobs(), 30, f"ended: {self.jobs()}")

    def ask(self, *words: str) -> tuple[int, str]:
        """What one of SLURM's commands answers: its exit status and what it printed."""
        known = {**os.environ, **self.environment}
        done = subprocess.run(words, env=known, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def tell(self, *words: str):
        """Let SLURM do something that must not fail."""
        status, said = self.ask(*words)
        assert status == 0, said

    def node_state(self) -> str:
        """The state of the node in a word, as `sinfo` has it."""
        return self.ask("sinfo", "--noheader", "--format=%T")[1].strip()

    def jobs(self, *states: str) -> dict[str, str]:
        """The state of each job that waits or runs, or of those in these states, by its id."""
        asked = [f"--states={','.join(states)}"] if states else []
        _, said = self.ask("squeue", "--noheader", "--format=%i %T", *asked)
        found = {}
        for line in said.splitlines():
            job, _, state = line.partition(" ")
            if job.isdigit():
                found[job] = state
        return found


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster that runs, with nothing in its queue; skips the test where there can be none."""
    if absence := missing():
        pytest.skip(absence)
    made = Cluster(folder)
    try:
        made.start_munge()
        made.start_controller()
        made.start_node()
        yield made
    finally:
        made.end_all()
