"""Class files without a compiler."""
import struct


def class_file(name):
    """The smallest class with a main method."""
    def text(value):
        return b"\x01" + struct.pack(">H", len(value)) + value.encode()
    pool = [text(name), b"\x07\0\x01", text("java/lang/Object"), b"\x07\0\x03", text("main"),
            text("([Ljava/lang/String;)V")]
    head = b"\xca\xfe\xba\xbe" + struct.pack(">HHH", 0, 52, len(pool) + 1) + b"".join(pool)
    return head + struct.pack(">HHHHHH", 0x21, 2, 4, 0, 0, 1) + struct.pack(
        ">HHHH", 0x109, 5, 6, 0) + struct.pack(">H", 0)
