"""From a host and a packet to a picture: decoding, netfilter, the kernel's path, replay, drawing."""
