#!/usr/bin/env python3
"""Derives the golden vectors without a line of the project's own code.

Python's hashlib and hmac, HKDF written out from RFC 5869, Ed25519 written out from RFC 8032 section 5.1, AES by the
command `openssl enc -aes-256-ctr`, trees by the recursive definition of RFC 6962. Run it in this folder:
`python3 derive.py`. Published vectors (RFC 7748, RFC 8032) and accounting.json are not written by it.
"""
import hashlib
import hmac
import json
import struct
import subprocess

PREFIX = b"confrere/1/"


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u32be(n):
    return struct.pack(">I", n)


def hkdf(ikm, salt, info, length=32):
    prk = hmac.new(salt, ikm, hashlib.sha256).digest()
    out, block, i = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([i]), hashlib.sha256).digest()
        out, i = out + block, i + 1
    return out[:length]


def stream(key, start, words):
    """Words [start, start + words) of the keystream, as bytes: the counter is the 128-bit big-endian block number."""
    assert start % 4 == 0
    command = ["openssl", "enc", "-aes-256-ctr", "-K", key.hex(), "-iv", "%032x" % (start // 4)]
    return subprocess.run(command, input=bytes(4 * words), stdout=subprocess.PIPE, check=True).stdout


def words_of(data):
    return list(struct.unpack("<%dI" % (len(data) // 4), data))


# --- Ed25519, RFC 8032 section 5.1
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def ed_add(a, b):
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + D * a[0] * b[0] * a[1] * b[1], P - 2, P) % P
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - D * a[0] * b[0] * a[1] * b[1], P - 2, P) % P
    return x, y


def ed_multiply(k, point):
    out = (0, 1)
    while k:
        if k & 1:
            out = ed_add(out, point)
        point, k = ed_add(point, point), k >> 1
    return out


def ed_base():
    y = 4 * pow(5, P - 2, P) % P
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (x if x % 2 == 0 else P - x), y


BASE = ed_base()


def ed_encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def ed_expand(seed):
    h = hashlib.sha512(seed).digest()
    return (int.from_bytes(h[:32], "little") & ((1 << 254) - 8)) | (1 << 254), h[32:]


def ed_public(seed):
    return ed_encode(ed_multiply(ed_expand(seed)[0], BASE))


def ed_sign(seed, message):
    a, prefix = ed_expand(seed)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    big_r = ed_encode(ed_multiply(r, BASE))
    k = int.from_bytes(hashlib.sha512(big_r + ed_public(seed) + message).digest(), "little") % L
    return big_r + ((r + k * a) % L).to_bytes(32, "little")


def peer_id(seed):
    """libp2p peer-ids specification: identity multihash of protobuf {1: Ed25519, 2: 32 bytes}."""
    return bytes.fromhex("002408011220") + ed_public(seed)


# --- RFC 6962 section 2.1, with tags in place of 0x00 and 0x01
def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def tree(leaves):
    if len(leaves) == 1:
        return sha(PREFIX + b"merkle-leaf", leaves[0])
    k = split(len(leaves))
    return sha(PREFIX + b"merkle-node", tree(leaves[:k]), tree(leaves[k:]))


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    return path(m, leaves[:k]) + [tree(leaves[k:])] if m < k else path(m - k, leaves[k:]) + [tree(leaves[:k])]


def save(name, how, value):
    with open(name, "w", encoding="utf8") as file:
        json.dump({"how": how, **value}, file, indent=2)
        file.write("\n")


SEEDS = [sha(b"confrere test hospital %d" % i) for i in range(3)]
STUDY = sha(b"confrere test study")
OPEN = sha(b"confrere test open body")


def sid_of(rnd, view):
    return sha(PREFIX + b"sid", STUDY, u32be(rnd), u32be(view), OPEN)


def masks():
    ids = sorted(peer_id(seed) for seed in SEEDS)
    sid = sid_of(7, 2)
    # the shared secret stands for any X25519 output: that agreement has its own, published vectors
    shared = {(i, j): sha(b"confrere test shared %d %d" % (i, j)) for i in range(3) for j in range(i + 1, 3)}
    pair = {(i, j): hkdf(z, sid, PREFIX + b"pair" + ids[i] + ids[j]) for (i, j), z in shared.items()}
    roots = [sha(b"confrere test root %d" % i) for i in range(3)]
    selves = [hkdf(roots[i], sid, PREFIX + b"self" + ids[i]) for i in range(3)]
    updates = [[1, 2**32 - 1, 0, 2**31, 65536, 2**32 - 65536, 12345][i:] + [7] * i for i in range(3)]
    residuals = []
    for i in range(3):
        y = [a + b for a, b in zip(updates[i], words_of(stream(selves[i], 0, 7)))]
        for (a, b), key in pair.items():
            if i in (a, b):
                sign = 1 if i == a else -1
                y = [v + sign * m for v, m in zip(y, words_of(stream(key, 0, 7)))]
        residuals.append([v % 2**32 for v in y])
    total = [sum(column) % 2**32 for column in zip(*updates)]
    opened = [(sum(r[w] for r in residuals) - sum(words_of(stream(k, 0, 7))[w] for k in selves)) % 2**32 for w in range(7)]
    assert total == opened
    key = sha(b"confrere test stream")
    ranges = [(0, 4), (0, 9), (4, 5), (16, 16), (2**20, 3), (2**31, 6), (2**32 - 4, 4)]
    save("masks.json", "derive.py: HKDF-SHA256 from hmac (RFC 5869), streams from `openssl enc -aes-256-ctr`", {
        "sid": sid.hex(),
        "pairKeys": [{"a": ids[i].hex(), "b": ids[j].hex(), "shared": shared[i, j].hex(), "key": pair[i, j].hex()}
                     for i, j in pair],
        "selfKeys": [{"id": ids[i].hex(), "root": roots[i].hex(), "key": selves[i].hex(),
                      "commitment": sha(PREFIX + b"commitment", selves[i]).hex()} for i in range(3)],
        "residuals": [{"id": ids[i].hex(), "update": updates[i], "residual": residuals[i]} for i in range(3)],
        "sum": total,
        "stream": {"key": key.hex(), "ranges": [{"start": s, "words": words_of(stream(key, s, w))} for s, w in ranges]},
    })


def transcript():
    genesis = sha(PREFIX + b"genesis", STUDY)
    value = b"confrere test value"
    proposers = []
    for rnd, view, n in [(1, 0, 3), (1, 1, 3), (1, 2, 3), (2, 0, 5), (2, 7, 5), (1000, 0, 100), (2**32 - 1, 2**32 - 1, 97)]:
        first = int.from_bytes(sha(PREFIX + b"proposer", STUDY, u32be(rnd))[:8], "big")
        proposers.append({"round": rnd, "view": view, "count": n, "index": (first + view) % n})
    save("transcript.json", "derive.py: hashlib and Python's integers", {
        "study": STUDY.hex(),
        "genesis": genesis.hex(),
        "value": value.hex(),
        "result": sha(PREFIX + b"result", genesis, sha(value)).hex(),
        "void": [{"round": r, "hash": sha(PREFIX + b"void", genesis, u32be(r)).hex()} for r in (1, 258, 2**32 - 1)],
        "proposers": proposers,
        "open": OPEN.hex(),
        "sessions": [{"round": r, "view": v, "sid": sid_of(r, v).hex()} for r, v in [(1, 0), (1, 1), (7, 2), (2**32 - 1, 0)]],
    })


def layouts():
    cases = []
    for d, owners in [(1, 1), (1, 3), (15, 2), (16, 2), (17, 2), (33, 3), (100, 7), (10007, 7), (1000000, 16), (48, 3)]:
        size = -(-d // (16 * owners)) * 16
        ends = [min(d, size * i) for i in range(owners + 1)]
        cases.append({"dimension": d, "owners": owners, "chunks": [[a, b - a] for a, b in zip(ends, ends[1:])]})
    save("layout.json", "derive.py: the formula in integers; chunks are [start, words]", {"cases": cases})


def trees():
    leaves = [sha(b"confrere test leaf %d" % i) for i in range(9)]
    save("merkle.json", "derive.py: the recursive definition of RFC 6962 with this project's tags", {
        "leaves": [leaf.hex() for leaf in leaves],
        "roots": [tree(leaves[:n]).hex() for n in range(1, 10)],
        "paths": [{"count": n, "index": i, "path": [h.hex() for h in path(i, leaves[:n])]}
                  for n, i in [(1, 0), (2, 1), (3, 2), (5, 0), (5, 4), (7, 5), (8, 3), (9, 8)]],
    })


def envelopes():
    body = b"confrere test body"
    save("envelope.json", "derive.py: Ed25519 written out from RFC 8032; the tag, a zero byte, SHA-256(body) are signed", {
        "seed": SEEDS[0].hex(),
        "signer": peer_id(SEEDS[0]).hex(),
        "body": body.hex(),
        "signature": ed_sign(SEEDS[0], PREFIX + b"envelope" + b"\0" + sha(body)).hex(),
    })


# RFC 8032 section 7.1, test 2: this file's Ed25519 is right
assert ed_sign(
    bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"), b"\x72"
).hex() == ("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")

masks()
transcript()
layouts()
trees()
envelopes()
