#!/usr/bin/env python3
"""Uploads to a real `bdaas serve` with a client that others wrote: tuspy.

The connection breaks in the middle of a piece; a second client finds the stored address, asks how
far the upload is and goes on from there. What arrived must be what was sent. Once without
checksums, once with those that this client knows (SHA-1). Exit code 77: no tuspy
(tests/requirements.txt) in this Python."""
import argparse
import hashlib
import pathlib
import random
import select
import socket
import socketserver
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import peer_check  # noqa: E402
from manager import eventually  # noqa: E402

MIB = 1 << 20
PIECE = MIB
WHOLE = 5 * MIB + 12_345
BREAK_AFTER = 2 * MIB + MIB // 2  # in the third piece


class Line(socketserver.BaseRequestHandler):
    """One connection to the manager, through a wire that breaks when it has carried so much."""

    def handle(self):
        with socket.create_connection(("127.0.0.1", self.server.manager_port)) as manager:
            other_end = {self.request: manager, manager: self.request}
            while True:
                for end in select.select(list(other_end), [], [])[0]:
                    piece = end.recv(64 * 1024)
                    if not piece:
                        return
                    other_end[end].sendall(piece)
                    if end is self.request and self.server.breaks_after(len(piece)):
                        return


class Wire(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, manager_port):
        super().__init__(("127.0.0.1", 0), Line)
        self.manager_port = manager_port
        self.carried = 0
        self.broken = False

    def breaks_after(self, count):
        """Once; only one connection is open at a time."""
        self.carried += count
        if self.broken or self.carried < BREAK_AFTER:
            return False
        self.broken = True
        return True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # either end may go first
            super().handle_error(request, client_address)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1/uploads"


def stored_upload(home, url):
    return home.get("/v1/uploads/" + url.rsplit("/", 1)[1])


def upload(wire, home, path, with_checksums):
    """The address of the upload when it is whole."""
    from tusclient import client, exceptions
    from tusclient.storage.filestorage import FileStorage
    storage = FileStorage(str(home.folder / f"{path.name}.addresses"))

    def uploader(**more):
        speaker = client.TusClient(wire.url, headers={"Authorization": f"Bearer {home.token()}"})
        return speaker.uploader(str(path), chunk_size=PIECE, store_url=True, url_storage=storage,
                                metadata={"kind": "data", "name": path.name},
                                upload_checksum=with_checksums, **more)

    first = uploader()
    try:
        first.upload()
    except (exceptions.TusCommunicationError, exceptions.TusUploadFailed) as error:
        print(f"{path.name}: broke off as it should: {error}")
    assert wire.broken and first.offset == 2 * PIECE, f"it did not break off at {first.offset}"
    if not with_checksums:  # else a piece counts only when it is whole
        taken = eventually(lambda: stored_upload(home, first.url)["offset"] > first.offset)
        assert taken, "nothing is left of the piece that broke off"
    # The manager hears of the break a moment later; until then the upload is the first one's.
    second = uploader(retries=50, retry_delay=0.1)
    assert second.url == first.url, f"{second.url} is not {first.url}"
    in_a_piece = first.offset < second.offset < first.offset + PIECE
    right = second.offset == first.offset if with_checksums else in_a_piece
    assert right, f"it would go on at {second.offset}, after {first.offset}"
    print(f"{path.name}: goes on at {second.offset} of {WHOLE}")
    second.upload()
    assert second.offset == WHOLE, f"the upload ended at {second.offset} of {WHOLE}"
    storage.close()
    return second.url


def check(home, with_checksums):
    name = "with-sums.bin" if with_checksums else "plain.bin"
    content = random.Random(name).randbytes(WHOLE)
    path = home.folder / name
    path.write_bytes(content)
    with Wire(home.address()["port"]) as wire:
        threading.Thread(target=wire.serve_forever, daemon=True).start()
        try:
            url = upload(wire, home, path, with_checksums)
        finally:
            wire.shutdown()
    told = stored_upload(home, url)
    data = home.get(f"/v1/data/{told['object']}")
    wanted = hashlib.sha256(content).hexdigest()
    assert (data["name"], data["bytes"], data["sha256"]) == (name, WHOLE, wanted), data
    _, _, stored = home.ask("GET", f"/v1/data/{told['object']}/content")
    assert hashlib.sha256(stored).hexdigest() == wanted, "other bytes are stored than were sent"


def check_both(home):
    check(home, with_checksums=False)
    check(home, with_checksums=True)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bdaas", type=pathlib.Path, help="the binary")
    options = parser.parse_args()
    if not peer_check.in_python_with("tusclient"):
        return peer_check.SKIPPED
    return peer_check.against_manager(options.bdaas, check_both)


if __name__ == "__main__":
    sys.exit(main())
