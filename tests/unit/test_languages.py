"""Which text a person reads, whatever program wrote their locale."""

import pytest

from rekindle.render import closest, language

TEXTS = ["en", "he", "id", "nb", "zh-Hans", "zh-Hant", "sr-Latn", "fil", "pt-BR", "fr", "de"]


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        (["iw", "iw_IL", "he-IL", "HE"], "he"),
        (["in", "in_ID", "id-ID"], "id"),
        (["no", "nb", "nb-NO", "nb_SJ", "no_NO", "nn", "nb-NO-x-y", "nob"], "nb"),
        (["zh", "zh-CN", "zh_SG", "zh_Hans_HK", "zh-Hans-CN", "cmn-Hans", "zh_CN.GB18030", "zh__#Hans"], "zh-Hans"),
        (["zh-TW", "zh-HK", "zh-MO", "zh_TW_#Hant", "zh__#Hant", "zh-Hant-US", "zh-Hant-TW-u-ca-roc"], "zh-Hant"),
        (["sh", "sr-Latn", "sr_RS@latin", "sr_RS_#Latn", "sr-ME", "SR_LATN_rs"], "sr-Latn"),
        (["tl", "tl_PH", "fil-PH"], "fil"),
        (["pt", "pt_BR.UTF-8", "pt-br", "pt-PT", "pt_AO"], "pt-BR"),
        (["fr ", "\tFR\n", "fr_CA@euro", "fr-CA,en;q=0.8", "fr\N{NO-BREAK SPACE}", "fra", "fr_", "fr-419"], "fr"),
        (["de_DE@euro", "de-AT"], "de"),
        (["sr", "sr-Cyrl", "sr_RS", "sr_RS@cyrillic", "zh-Latn", "en-Shaw", "ru", "gsw", "nds"], None),
        ([None, "", "  ", "-", "_", "e", "C", "POSIX", "C.UTF-8", "und", "root", "null", "english", "xx", "😀"], None),
        (["de" * 500, "_" * 500, "a-" * 500, "\ud800", "../en", "%s", "<b>"], None),
    ],
)
def test_a_locale_means_the_same_in_every_spelling(tags: list[str | None], text: str | None) -> None:
    assert {tag: closest(tag, TEXTS) for tag in tags} == dict.fromkeys(tags, text)


@pytest.mark.parametrize(
    ("tag", "texts", "text"),
    [
        ("es-MX", ["es", "es-AR", "es-419"], "es-419"),
        ("es-MX", ["es", "es-AR"], "es-AR"),
        ("es-MX", ["es-ES"], "es-ES"),
        ("en-GB", ["en-US", "en-AU"], "en-AU"),
        ("en-GB", ["en", "en-US"], "en"),
        ("en-US", ["en", "en-US"], "en-US"),
        ("en", ["en-US", "en"], "en"),
        ("en-XX", ["en-AU", "en-US"], "en-US"),
        ("de-AT", ["de-CH", "de-DE"], "de-DE"),
        ("pt-AO", ["pt", "pt-PT"], "pt-PT"),
        ("pt-BR", ["pt-PT"], "pt-PT"),
        ("nb", ["nn"], "nn"),
        ("nn", ["nb", "nn"], "nn"),
        ("he", ["iw"], "iw"),
        ("zh-TW", ["zh-HK", "zh"], "zh-HK"),
        ("zh-HK", ["zh-TW", "zh-HK"], "zh-HK"),
        ("nb_NO", ["NB-no", "nb"], "NB-no"),
    ],
)
def test_the_nearest_region_is_chosen(tag: str, texts: list[str], text: str) -> None:
    assert closest(tag, texts) == closest(tag, reversed(texts)) == text


def test_two_spellings_of_one_language_have_one_name() -> None:
    names = {
        tag: found.name
        for tag in ("iw", "zh_TW", "zh-Hant-TW", "zh-Hans-HK", "sh", "nb-NO")
        if (found := language(tag))
    }
    assert names == {
        "iw": "he", "zh_TW": "zh_Hant_TW", "zh-Hant-TW": "zh_Hant_TW", "zh-Hans-HK": "zh_Hans_HK", "sh": "sr_Latn",
        "nb-NO": "nb_NO",
    }  # fmt: skip
