"""Texts that tokenizers find hard, drawn from a seed: all planes of Unicode, marks, code, languages."""
import random

SENTENCES = [
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May.",
    "I'm sure they've said we'll go, hadn't they? IT'S MINE, DON'T YOU SEE; y'all'd've.",
    "def f(x: int) -> str:\n    return f\"{x!r}\"  # 0x1F, 1e-9\n\n\tif a&&b||!c: pass\r\n",
    "#include <vector>\nint main() { std::vector<int> v{1,2,3}; return v[0] ? ~0 : 1 << 31; }\n",
    "<think>6+6=12-49=-37</think><answer>(8+8)*3/2</answer>",
    "Größe, Straße, naïve café, œuvre, Ångström, señor, żółć, Đường Nguyễn",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "他说：“今天是2024年3月15日，星期五。”然后就走了……",
    "吾輩は猫である。名前はまだ無い。カタカナとひらがな、ﾊﾝｶｸ",
    "다람쥐 헌 쳇바퀴에 타고파. 조선말",
    "السلام عليكم، ١٢٣٤٥ وَالْحَمْدُ",
    "नमस्ते दुनिया, १२३ क्षत्रिय",
    "สวัสดีชาวโลก ๑๒๓ กรุงเทพฯ",
    "שָׁלוֹם עוֹלָם, 123",
    "🚀👩‍👩‍👧‍👦🏳️‍🌈 👍🏽 ✅🦙 ½ ² Ⅷ ㊿ ①",
    "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋, α∧¬β = ¬(¬α∨β), \\frac{1}{2} \\boxed{42} $x_1^2$",
]
MARKS = [*range(0x300, 0x370), *range(0x591, 0x5BE), *range(0x64B, 0x660), 0x93C, 0x94D, 0x9BE,
         0xC3C, 0x11D42, 0x302A, 0x3099, 0x309A, 0x1AB0, 0x20D0, 0xFE20, 0x1D165, 0x1E130]
SPACES = " \t\n\r\v\f\u0085\u00a0\u1680\u2003\u2028\u202f\u3000\u200b\ufeff"
DIGITS = "0123456789٣٤९१๓²½Ⅳ①〇𝟘𝟙"
SPELLED = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "<mask>", "gizmo", "a gizmo.", "<s>", "<",
           "<|", "|>", "e\u0301t\u0301"]


def any_character(r):
    while True:
        last = r.choice([0x7F, 0x7FF, 0x3000, 0xFFFF, 0x1FFFF, 0x323AF, 0x10FFFF])
        c = r.randint(1, last)
        if not 0xD800 <= c <= 0xDFFF:
            return chr(c)


def marked(r):
    base = r.choice(["a", "e", "A", "o", "u", "क", "か", "ᄀ", "ᅡ", "가", "α", "ь", "ו", any_character(r)])
    return base + "".join(chr(r.choice(MARKS)) for _ in range(r.randint(1, 4)))


def part_of_sentence(r):
    sentence = r.choice(SENTENCES)
    begin = r.randrange(len(sentence))
    return sentence[begin:begin + r.randint(1, 40)]


def some_of(letters):
    return lambda r: "".join(r.choice(letters) for _ in range(r.randint(1, 6)))


PIECES = [any_character, marked, part_of_sentence, part_of_sentence, some_of(SPACES), some_of(" \n\r\t"),
          some_of(DIGITS), some_of("0123456789"), some_of("'stmdrevlSTMDREVLſ"), lambda r: r.choice(SPELLED),
          some_of("abcdefghijklmnopqrstuvwxyz "), some_of(".,;:!?-_()[]{}\"'`/\\#&*+=@$%^~|<>"),
          lambda r: chr(r.randint(0x1100, 0x11FF)), lambda r: r.choice(["a", "ab", " "]) * r.randint(1, 90)]


def texts(seed, count):
    r = random.Random(seed)
    drawn = ["", " ", *SENTENCES]
    while len(drawn) < count:
        drawn.append("".join(r.choice(PIECES)(r) for _ in range(r.randint(1, 12))))
    return drawn[:count]
