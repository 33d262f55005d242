"""Language probes on frozen features: on all texts, within labels, on matched texts, and their controls."""
