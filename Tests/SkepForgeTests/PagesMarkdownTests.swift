import Testing

@testable import SkepForge

@Suite("Markdown on pages")
struct PagesMarkdownTests {
    @Test(
        "Markdown is rendered in a small part, and the rest is text",
        arguments: [
            ("a **b** `c<d>`", "<p>a <strong>b</strong> <code>c&lt;d&gt;</code></p>"),
            ("<b>x</b> & \"y\"", "<p>&lt;b&gt;x&lt;/b&gt; &amp; &quot;y&quot;</p>"),
            ("- one\n- two\n  more", "<ul><li>one</li><li>two\nmore</li></ul>"),
            ("1. one\n2. two", "<ol><li>one</li><li>two</li></ol>"),
            ("# T\ntext", "<h3>T</h3><p>text</p>"),
            ("> q\n> r", "<blockquote><p>q\nr</p></blockquote>"),
            (
                "```swift\n**x** <y>\n```\nend",
                "<pre><code>**x** &lt;y&gt;\n</code></pre><p>end</p>"
            ),
            ("```\nopen", "<pre><code>open\n</code></pre>"),
            (
                "[a](https://x.org/?a=1&b=2)",
                "<p><a href=\"https://x.org/?a=1&amp;b=2\" rel=\"nofollow noreferrer\">a</a></p>"
            ),
            ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
            (
                "[a](https://x\"onclick=1)",
                "<p><a href=\"https://x&quot;onclick=1\" rel=\"nofollow noreferrer\">a</a></p>"
            ),
            ("snake_case_name and 2*3*4", "<p>snake_case_name and 2<em>3</em>4</p>"),
            (
                "see https://x.org/a.",
                "<p>see <a href=\"https://x.org/a\" rel=\"nofollow noreferrer\">https://x.org/a</a>.</p>"
            ),
            ("<!-- skep:1 -->\nDone", "<p>Done</p>"),
            ("a <!-- b\nc --> d", "<p>a \n d</p>"),
            ("```\n<!-- kept -->\n```", "<pre><code>&lt;!-- kept --&gt;\n</code></pre>"),
            ("<!-- never closed <script>", ""),
            ("", ""),
            (
                "It ended.\n<details><summary>Output of `x`</summary>\n\n```text\n</details> <b>\n```\n\n</details>\n\nEnd",
                "<p>It ended.</p><details><summary>Output of <code>x</code></summary><pre><code>&lt;/details&gt; &lt;b&gt;\n</code></pre></details><p>End</p>"
            ),
            (
                "<details>\n<summary>A</summary>\nin <i>\n</details>",
                "<details><summary>A</summary><p>in &lt;i&gt;</p></details>"
            ),
            (
                "<details><summary>A</summary>x</details>\ny",
                "<details><summary>A</summary><p>x</p></details><p>y</p>"
            ),
            (
                "<details><summary>A</summary>\n<details>\nb\n</details>\nc",
                "<details><summary>A</summary><details><p>b</p></details><p>c</p></details>"
            ),
            (
                "</details>\n<details onclick=x>\n<summary>",
                "<p>&lt;/details&gt;\n&lt;details onclick=x&gt;\n&lt;summary&gt;</p>"
            ),
        ])
    func markdown(_ source: String, _ html: String) {
        #expect(Markdown.html(source) == html)
    }

    @Test("Text that is made to be slow is rendered quickly", .timeLimit(.minutes(5)))
    func hostileMarkdown() {
        for piece in [
            "**a ", "[", "`", "> ", "*_", "<!--", "- ", "[a](", "``` ", "<details>", "<details>\n",
            "</details>\n", "<details><summary>\n", "  - ", "- \n", "- a\n\n", "|", "| - |\n",
            "    x\n", "#1", "~~a ", "![](",
        ] {
            _ = Markdown.html(String(repeating: piece, count: 60_000))
        }
    }

    @Test(
        "Lists, tables, rules and indented code are rendered",
        arguments: [
            (
                "- a\n  - b\n    - c\n- d",
                "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ul>"
            ),
            (
                "1. a\n\n2. b\n   - c\n\n3. d",
                "<ol><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ol>"
            ),
            ("3. a\n4. b", "<ol start=\"3\"><li>a</li><li>b</li></ol>"),
            (
                "- [x] done\n- [ ] <i>",
                "<ul><li class=\"task\"><input type=\"checkbox\" disabled checked> done</li><li class=\"task\"><input type=\"checkbox\" disabled> &lt;i&gt;</li></ul>"
            ),
            (
                "- a\n  ```\n  x <\n  ```\n- b",
                "<ul><li>a<pre><code>x &lt;\n</code></pre></li><li>b</li></ul>"
            ),
            (
                "| a | b |\n|---|:-:|\n| `<x>` | 1\\|2 |\n| only |\nend",
                "<div class=\"wide\"><table><thead><tr><th>a</th><th class=\"center\">b</th></tr></thead><tbody><tr><td><code>&lt;x&gt;</code></td><td class=\"center\">1|2</td></tr><tr><td>only</td><td class=\"center\"></td></tr></tbody></table></div><p>end</p>"
            ),
            ("a | b\nc | d", "<p>a | b\nc | d</p>"),
            ("---\n***", "<hr><hr>"),
            (
                "a\n\n    <b>\n\n    c\n\nd",
                "<p>a</p><pre><code>&lt;b&gt;\n\nc\n</code></pre><p>d</p>"
            ),
            ("~~gone~~ ~a~", "<p><del>gone</del> ~a~</p>"),
        ])
    func blocks(_ source: String, _ html: String) {
        #expect(Markdown.html(source) == html)
    }

    @Test(
        "Names of issues and files lead into the repository, and nowhere else",
        arguments: [
            ("see #12.", "<p>see <a href=\"/amy/bees/issues/12\">#12</a>.</p>"),
            ("a#12 #0 #1x `#3`", "<p>a#12 #0 #1x <code>#3</code></p>"),
            ("[a](docs/x y.md)", "<p>[a](docs/x y.md)</p>"),
            ("[a](x.md#top)", link("/amy/bees/src/branch/main/docs/x.md#top")),
            ("[a](../x.md)", link("/amy/bees/src/branch/main/x.md")),
            ("[a](/x.md?raw=1)", link("/amy/bees/src/branch/main/x.md")),
            ("[a](../../x)", "<p>[a](../../x)</p>"),
            ("[a](%2e%2e/%2e%2e/x)", "<p>[a](%2e%2e/%2e%2e/x)</p>"),
            ("[a](//evil.example)", "<p>[a](//evil.example)</p>"),
            ("[a](\\\\evil.example)", "<p>[a](\\evil.example)</p>"),
            ("[a](javascript:x)", "<p>[a](javascript:x)</p>"),
            ("[a](JaVaScript:x)", "<p>[a](JaVaScript:x)</p>"),
            ("[a](data:text/html,x)", "<p>[a](data:text/html,x)</p>"),
            ("[a](\"onclick=1)", link("/amy/bees/src/branch/main/docs/%22onclick%3D1")),
            ("![a](p.png)", link("/amy/bees/src/branch/main/docs/p.png")),
            ("![a](https://x.org/p.png)", link("https://x.org/p.png")),
            ("[a](#top)", link("#top")),
        ])
    func links(_ source: String, _ html: String) {
        let context = Markdown.Context(
            repository: "/amy/bees", root: "/amy/bees/src/branch/main", folder: "docs")

        #expect(Markdown.html(source, in: context) == html)
    }

    private static func link(_ address: String) -> String {
        "<p><a href=\"\(address)\" rel=\"nofollow noreferrer\">a</a></p>"
    }

    @Test(
        "In titles only code is more than text",
        arguments: [
            ("`a<b>` **c** <i>", "<code>a&lt;b&gt;</code> **c** &lt;i&gt;"),
            ("one ` tick", "one ` tick"), ("``", "``"), ("a `b` c`", "a <code>b</code> c`"),
        ])
    func titles(_ title: String, _ html: String) {
        #expect(Markdown.title(title) == html)
    }

    @Test(
        "A label's name can be read on its color",
        arguments: [
            ("ffffff", "dark"), ("000000", "light"), ("ffd33d", "dark"), ("5319e7", "light"),
            ("0000ff", "light"), ("00ff00", "dark"), ("767676", "dark"), ("nonsense", "light"),
        ])
    func labelColors(_ color: String, _ ink: String) {
        #expect(LabelColor(color).ink == ink)
    }

    @Test(
        "Times are told from now",
        arguments: [
            (0, "just now"), (59, "just now"), (60, "1 minute ago"), (7200, "2 hours ago"),
            (90_000, "yesterday"), (200_000, "2 days ago"), (5_000_000, "on 2026-11-19"),
            (-3600, "on 2027-01-16"),
        ])
    func times(_ seconds: Int64, _ text: String) {
        let now: Int64 = 1_800_057_600_000
        #expect(PageTime(nowMs: now).text(now - seconds * 1000) == text)
    }
}
