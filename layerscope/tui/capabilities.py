"""File capabilities as ``getcap`` writes them, out of the attribute that the kernel keeps them in."""

from __future__ import annotations

import struct
from typing import Final

#: The name of the extended attribute.
ATTRIBUTE: Final = b"security.capability"

#: By number: linux/capability.h.
_NAMES: Final = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable"
    " net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot"
    " sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease"
    " audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read"
    " perfmon bpf checkpoint_restore"
).split()
_EFFECTIVE: Final = 1
#: Pairs of 32 bits (permitted, inheritable) by the revision in the top byte of the first word.
_PAIRS: Final = {0x01: 1, 0x02: 2, 0x03: 2}


def capabilities(raw: bytes) -> str:
    """``cap_net_raw=ep``; ``?`` where the bytes are no capabilities (linux/capability.h, vfs_cap_data)."""
    if not raw:
        return ""
    pairs = _PAIRS.get(raw[3], 0) if len(raw) >= 4 else 0
    if not pairs or len(raw) < 4 + 8 * pairs:
        return "?"
    magic, *words = struct.unpack_from(f"<I{2 * pairs}I", raw)
    permitted = sum(word << (32 * place) for place, word in enumerate(words[0::2]))
    inheritable = sum(word << (32 * place) for place, word in enumerate(words[1::2]))
    effective = "e" if magic & _EFFECTIVE else ""
    sets: dict[str, list[str]] = {}
    for number in range(32 * pairs):
        flags = ("i" if inheritable >> number & 1 else "") + ("p" if permitted >> number & 1 else "")
        if flags:
            name = _NAMES[number] if number < len(_NAMES) else str(number)
            sets.setdefault(effective + flags, []).append(f"cap_{name}")
    return " ".join(f"{','.join(names)}={flags}" for flags, names in sets.items())
