"""Packets: the frozen `Packet`, decoding of frames, reading and writing of captures."""
