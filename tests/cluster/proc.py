"""What /proc says about processes."""
import pathlib
import re


def words(pid):
    """Its whole command line; empty when it has ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split(
            "\0")[:-1]
    except OSError:
        return []


def class_archives(pids):
    """Of the JVMs among them: command line -> its archive of classes, and whether it is mapped."""
    found = {}
    for pid in pids:
        argv = words(pid)
        if not argv or not argv[0].endswith("/bin/java"):
            continue
        option = "-XX:SharedArchiveFile="
        archive = next((word.removeprefix(option) for word in argv if word.startswith(option)), "")
        mapped = pathlib.Path(f"/proc/{pid}/maps").read_text(errors="replace")
        found[" ".join(argv)] = archive, f" {archive}\n" in mapped
    return found


def listening_addresses(pids):
    """Hex addresses where these processes listen for TCP, or take UDP of anybody."""
    inodes = set()
    for pid in pids:
        for link in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
            try:
                found = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
            except OSError:
                continue
            if found:
                inodes.add(found[1])
    addresses = []
    listen, unconnected = "0A", "07"
    for table, state in (("tcp", listen), ("tcp6", listen), ("udp", unconnected),
                         ("udp6", unconnected)):
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            field = line.split()
            if field[3] == state and field[9] in inodes:
                addresses.append(field[1].partition(":")[0])
    return addresses


def is_loopback(address):
    if len(address) == 8:
        return address.endswith("7F")
    mapped = address.startswith("0000000000000000FFFF0000") and address.endswith("7F")
    return mapped or address == "00000000000000000000000001000000"
