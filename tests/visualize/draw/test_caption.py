"""One plain sentence for each kind of flow."""

import pytest

from visualize.draw.caption import caption

from .pictured import flow, sample


@pytest.mark.parametrize(("name", "port", "sentence"), [
    ("default-bridge", 40001, "A TCP connection from container web (172.17.0.2) to 198.51.100.80:80 got the source address 198.51.100.10:40001 "
     "(rule 1 of nat POSTROUTING), and left by eth1, let through by rule 5 of filter FORWARD; replies are translated back."),
    ("default-bridge", 40006, "A TCP connection from 203.0.113.50 to container app (172.17.0.3:80) was dropped because no rule of filter FORWARD "
     "let it through (policy DROP)."),
    ("default-bridge", 40007, "A TCP connection from 203.0.113.50 to the host (203.0.113.10:8099) was delivered to the host; the answer was a reset "
     "(RST)."),
    ("docker-user", 40002, "A TCP connection from 203.0.113.50 to the host (203.0.113.10:8081) was redirected to container web, 172.17.0.2:81 "
     "(rule 4 of nat DOCKER), and was rejected by rule 5 of filter DOCKER-USER."),
    ("modes", 40004, "A TCP connection from container alone (127.0.0.1) to itself (127.0.0.1:80) was delivered to container alone."),
    ("user-networks", 40002, "A TCP connection from container web (172.21.0.11) to container db (172.22.0.11:80) was dropped by rule 1 of filter "
     "DOCKER-ISOLATION-STAGE-2.")])
def test_what_happened_and_why(name: str, port: int, sentence: str) -> None:
    """Who, to whom, what NAT made of it, its end, the rule, the reply."""
    assert caption(sample(name)[0], flow(name, port)) == sentence
