"""The differential kernel lab: worlds of network namespaces, random rulesets, crafted packets, and the kernel's own word on each."""
