"""A transaction pooler in front of a server, like Supabase's: each statement may use another
connection."""

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from team.ports import free_port
from team.waiting import until

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


@contextmanager
def pooled(url: str, tmp_path: Path) -> Iterator[str]:
    """The address through a pgbouncer in transaction mode with three connections."""
    parts = urlsplit(url)
    port = free_port()
    folder = tmp_path / f"pgbouncer-{secrets.token_hex(4)}"
    folder.mkdir()
    users = folder / "users.txt"
    users.write_text(f'"{parts.username}" "{parts.password}"\n')
    ini = folder / "pgbouncer.ini"
    ini.write_text(
        f"""[databases]
* = host={parts.hostname} port={parts.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {users}
pool_mode = transaction
default_pool_size = 3
server_reset_query_always = 0
logfile = {folder / "log"}
"""
    )
    command = [str(PGBOUNCER), str(ini)]
    if os.geteuid() == 0:  # pgbouncer refuses to run as root; the user nobody must then have access to the folder
        for path in (folder, users, ini):
            shutil.chown(path, "nobody")
        for parent in (tmp_path, *tmp_path.parents):
            if parent.stat().st_uid == os.getuid() and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
        command[1:1] = ["-u", "nobody"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:

        def ready() -> bool:
            assert process.poll() is None, "pgbouncer ended"
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        until(ready, "a pgbouncer that is ready")
        yield urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"))
    finally:
        process.kill()
        process.wait()
