"""The studio's theme: Gradio's variables tied to the colour tokens of assets/studio/studio.css.

Every colour is a CSS token, so that dark and light are one switch: the class `light` on <html>.
"""

from __future__ import annotations

from pathlib import Path

from gradio.themes import Base, Size
from gradio.themes.utils import sizes

from studio.addresses import file_url

STUDIO_ASSETS = Path(__file__).parents[2] / "assets" / "studio"
_SHEETS = ("studio.css", "mixer.css", "envelopes.css")

_COLOURS = {
    "body_background_fill": "background",
    "body_text_color": "text",
    "body_text_color_subdued": "text-muted",
    "background_fill_primary": "background",
    "background_fill_secondary": "surface",
    "border_color_primary": "border-weak",
    "border_color_accent": "accent",
    "border_color_accent_subdued": "border-weak",
    "color_accent_soft": "accent-soft",
    "link_text_color": "accent",
    "link_text_color_active": "accent",
    "link_text_color_hover": "accent-hover",
    "link_text_color_visited": "accent",
    "code_background_fill": "surface-raised",
    "block_background_fill": "background",
    "block_border_color": "border-weak",
    "block_info_text_color": "text-muted",
    "block_label_background_fill": "background",
    "block_label_border_color": "border-weak",
    "block_label_text_color": "text-muted",
    "block_title_text_color": "text-muted",
    "panel_background_fill": "background",
    "panel_border_color": "border-weak",
    "accordion_text_color": "text-muted",
    "table_text_color": "text",
    "table_border_color": "border-weak",
    "table_even_background_fill": "surface",
    "table_odd_background_fill": "surface",
    "table_row_focus": "accent-soft",
    "checkbox_background_color": "surface",
    "checkbox_background_color_focus": "surface",
    "checkbox_background_color_hover": "surface-raised",
    "checkbox_background_color_selected": "accent",
    "checkbox_border_color": "border-strong",
    "checkbox_border_color_focus": "accent",
    "checkbox_border_color_hover": "border-strong",
    "checkbox_border_color_selected": "accent",
    "checkbox_label_background_fill": "background",
    "checkbox_label_background_fill_hover": "surface-raised",
    "checkbox_label_background_fill_selected": "surface-raised",
    "checkbox_label_border_color": "border-weak",
    "checkbox_label_border_color_hover": "border-strong",
    "checkbox_label_border_color_selected": "border-strong",
    "checkbox_label_text_color": "text-muted",
    "checkbox_label_text_color_selected": "text",
    "error_background_fill": "danger-fill",
    "error_border_color": "danger",
    "error_text_color": "danger",
    "error_icon_color": "danger",
    "input_background_fill": "surface",
    "input_background_fill_focus": "surface",
    "input_background_fill_hover": "surface",
    "input_border_color": "border-strong",
    "input_border_color_focus": "accent",
    "input_border_color_hover": "border-strong",
    "input_placeholder_color": "text-muted",
    "loader_color": "accent",
    "slider_color": "accent",
    "stat_background_fill": "accent-soft",
    "button_primary_background_fill": "accent",
    "button_primary_background_fill_hover": "accent-hover",
    "button_primary_border_color": "accent",
    "button_primary_border_color_hover": "accent-hover",
    "button_primary_text_color": "on-accent",
    "button_primary_text_color_hover": "on-accent",
    "button_secondary_background_fill": "background",
    "button_secondary_background_fill_hover": "surface-raised",
    "button_secondary_border_color": "border-weak",
    "button_secondary_border_color_hover": "border-strong",
    "button_secondary_text_color": "text",
    "button_secondary_text_color_hover": "text",
    "button_cancel_background_fill": "background",
    "button_cancel_background_fill_hover": "danger-fill",
    "button_cancel_border_color": "danger",
    "button_cancel_border_color_hover": "danger",
    "button_cancel_text_color": "danger",
    "button_cancel_text_color_hover": "danger",
}
_SHAPES = {
    "block_border_width": "0px",
    "block_shadow": "none",
    "block_padding": "0px",
    "block_radius": "10px",
    "block_label_border_width": "0px",
    "block_title_padding": "0px",
    "block_title_text_size": "13px",
    "block_title_text_weight": "450",
    "block_info_text_size": "13px",
    "button_border_width": "1px",
    "button_large_radius": "10px",
    "button_medium_radius": "10px",
    "button_small_radius": "8px",
    "button_large_padding": "10px 18px",
    "button_large_text_size": "15px",
    "button_large_text_weight": "550",
    "button_medium_text_weight": "500",
    "button_small_text_size": "13px",
    "button_transition": "background 0.12s, border-color 0.12s",
    "checkbox_label_border_width": "1px",
    "checkbox_label_shadow": "none",
    "container_radius": "10px",
    "form_gap_width": "12px",
    "layout_gap": "18px",
    "input_border_width": "1px",
    "input_radius": "10px",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "panel_border_width": "0px",
    "shadow_drop": "none",
    "shadow_drop_lg": "0 8px 30px rgb(0 0 0 / 35%)",
    "shadow_inset": "none",
    "table_radius": "10px",
}


def studio_theme() -> Base:
    """The theme for `launch(theme=…)`; nothing in it is fetched from a font service."""
    family = ("Inter", "system-ui", "sans-serif")
    theme = Base(
        text_size=_text_size(), font=family, font_mono=("ui-monospace", "Menlo", "monospace")
    )
    values = {name: f"var(--{token})" for name, token in _COLOURS.items()} | _SHAPES
    theme.set(**values)
    for name, value in values.items():
        if hasattr(theme, f"{name}_dark"):
            setattr(theme, f"{name}_dark", value)
    theme.color_accent = "var(--accent)"
    return theme


def studio_css() -> str:
    """The style sheets as one, with the font's address filled in."""
    sheets = ((STUDIO_ASSETS / name).read_text(encoding="utf-8") for name in _SHEETS)
    text = "\n".join(sheets)
    return text.replace("@assets", file_url(STUDIO_ASSETS))


def _text_size() -> Size:
    size = sizes.text_md
    return Size(
        name="studio",
        xxs=size.xxs,
        xs=size.xs,
        sm=size.sm,
        md=size.md,
        lg=size.lg,
        xl=size.xl,
        xxl=size.xxl,
    )
