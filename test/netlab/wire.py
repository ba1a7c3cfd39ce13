"""What is seen on the segment: who answers for an address, and every ARP and neighbour discovery frame with its time."""

import contextlib
import dataclasses
import ipaddress
import select
import socket
import struct
import threading
import time

ETH_P_ALL, ETH_P_ARP, ETH_P_IPV6 = 0x0003, 0x0806, 0x86DD
BROADCAST = b"\xff" * 6
NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT = 135, 136
PACKET_IGNORE_OUTGOING = 23
SOL_PACKET = 263


@dataclasses.dataclass(frozen=True)
class Frame:
    """kind: arp-request, arp-reply, ns or na. address: sender's (ARP) or target (ND); mac: the one claimed for it."""

    time: float
    kind: str
    address: str
    mac: str | None
    target: str | None
    ethernet_source: str
    ethernet_destination: str

    def gratuitous(self):
        """It speaks for an address without having been asked."""
        if self.kind == "na":
            return self.ethernet_destination.startswith("33:33:")
        return self.kind.startswith("arp-") and self.address == self.target


def text(mac):
    return ":".join(f"{byte:02x}" for byte in mac)


def parse(frame, moment):
    """A Frame, or None if it is neither ARP nor neighbour discovery."""
    destination, source, ethertype = frame[0:6], frame[6:12], int.from_bytes(frame[12:14], "big")
    if ethertype == ETH_P_ARP and len(frame) >= 42:
        operation = {1: "arp-request", 2: "arp-reply"}.get(int.from_bytes(frame[20:22], "big"))
        if operation:
            return Frame(moment, operation, socket.inet_ntoa(frame[28:32]), text(frame[22:28]),
                         socket.inet_ntoa(frame[38:42]), text(source), text(destination))
    if ethertype == ETH_P_IPV6 and len(frame) >= 78 and frame[20] == socket.IPPROTO_ICMPV6:
        kind = {NEIGHBOR_SOLICITATION: "ns", NEIGHBOR_ADVERTISEMENT: "na"}.get(frame[54])
        if kind:
            options, mac = frame[78:], None
            if len(options) >= 8 and options[0] in (1, 2) and options[1] == 1:
                mac = text(options[2:8])
            return Frame(moment, kind, str(ipaddress.IPv6Address(frame[62:78])), mac, None, text(source),
                         text(destination))
    return None


def open_packets(namespace, interface):
    """A socket that receives every frame on the interface (not those that it sent itself)."""
    packets = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    packets.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    packets.bind((interface, ETH_P_ALL))
    return packets


def arp_request(mac, source, target):
    return (BROADCAST + mac + struct.pack("!HHHBBH", ETH_P_ARP, 1, 0x0800, 6, 4, 1) + mac + source.packed + b"\0" * 6
            + target.packed).ljust(60, b"\0")


def neighbor_solicitation(mac, source, target):
    group = b"\xff\x02" + b"\0" * 9 + b"\x01\xff" + target.packed[13:]
    body = struct.pack("!BBHI", NEIGHBOR_SOLICITATION, 0, 0, 0) + target.packed + b"\x01\x01" + mac
    pseudo = source.packed + group + struct.pack("!II", len(body), socket.IPPROTO_ICMPV6)
    body = body[:2] + checksum(pseudo + body) + body[4:]
    header = struct.pack("!IHBB", 6 << 28, len(body), socket.IPPROTO_ICMPV6, 255) + source.packed + group
    return b"\x33\x33" + group[12:] + mac + struct.pack("!H", ETH_P_IPV6) + header + body


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def own_address(namespace, interface, version):
    """The interface's address with which a client asks: its first global one."""
    family = {4: "inet", 6: "inet6"}[version]
    for link in namespace.ip_json("address", "show", "dev", interface):
        for entry in link.get("addr_info", []):
            if entry.get("family") == family and entry.get("scope") == "global":
                return ipaddress.ip_address(entry["local"])
    raise OSError(f"{namespace} has no IPv{version} address on {interface}")


def who_answers(namespace, address, interface="eth0", window=0.3):
    """Ask the segment once who has an address (ARP, or neighbour discovery for IPv6) and collect every answer that
    comes within the window. Returns the set of MAC addresses that were claimed for it."""
    target = ipaddress.ip_address(address)
    mac = bytes.fromhex(namespace.mac(interface).replace(":", ""))
    source = own_address(namespace, interface, target.version)
    question = (arp_request if target.version == 4 else neighbor_solicitation)(mac, source, target)
    answer = {4: "arp-reply", 6: "na"}[target.version]
    claimed = set()
    with open_packets(namespace, interface) as packets:
        packets.send(question)
        deadline = time.monotonic() + window
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([packets], [], [], left)[0]:
                break
            frame = parse(packets.recv(2048), time.monotonic())
            if frame and frame.kind == answer and frame.address == str(target):
                claimed.add(frame.mac or frame.ethernet_source)
    return claimed


class Capture:
    """with Capture(lab.near) as capture: ...; then capture.frames has every ARP and ND frame with its time."""

    def __init__(self, namespace, interface="eth0"):
        self.packets = open_packets(namespace, interface)
        self.frames = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def work(self):
        while not self.ended.is_set():
            if select.select([self.packets], [], [], 0.05)[0]:
                with contextlib.suppress(IndexError):
                    frame = parse(self.packets.recv(2048), time.monotonic())
                    if frame:
                        self.frames.append(frame)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.ended.set()
        self.thread.join()
        self.packets.close()

    def unasked(self, address):
        """The gratuitous ARP or unsolicited neighbour advertisements for an address."""
        address = str(ipaddress.ip_address(address))
        return [frame for frame in self.frames if frame.address == address and frame.gratuitous()]
