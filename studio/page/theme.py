"""The studio's theme: Gradio's variables tied to the colour tokens of assets/studio/studio.css.

Every colour is a CSS token, so that dark and light are one switch: the class `light` on <html>.
"""

from __future__ import annotations

from pathlib import Path

from gradio.themes import Base, Size
from gradio.themes.utils import sizes

ASSETS = Path(__file__).parents[2] / "assets" / "studio"

_COLOURS = {
    "body_background_fill": "room",
    "body_text_color": "ink",
    "body_text_color_subdued": "quiet",
    "background_fill_primary": "room",
    "background_fill_secondary": "desk",
    "border_color_primary": "line",
    "border_color_accent": "lamp",
    "border_color_accent_subdued": "line",
    "color_accent_soft": "glow",
    "link_text_color": "lamp",
    "link_text_color_active": "lamp",
    "link_text_color_hover": "lamp-hover",
    "link_text_color_visited": "lamp",
    "code_background_fill": "raised",
    "block_background_fill": "room",
    "block_border_color": "line",
    "block_info_text_color": "quiet",
    "block_label_background_fill": "room",
    "block_label_border_color": "line",
    "block_label_text_color": "quiet",
    "block_title_text_color": "quiet",
    "panel_background_fill": "room",
    "panel_border_color": "line",
    "accordion_text_color": "quiet",
    "table_text_color": "ink",
    "table_border_color": "line",
    "table_even_background_fill": "desk",
    "table_odd_background_fill": "desk",
    "table_row_focus": "glow",
    "checkbox_background_color": "desk",
    "checkbox_background_color_focus": "desk",
    "checkbox_background_color_hover": "raised",
    "checkbox_background_color_selected": "lamp",
    "checkbox_border_color": "edge",
    "checkbox_border_color_focus": "lamp",
    "checkbox_border_color_hover": "edge",
    "checkbox_border_color_selected": "lamp",
    "checkbox_label_background_fill": "room",
    "checkbox_label_background_fill_hover": "raised",
    "checkbox_label_background_fill_selected": "raised",
    "checkbox_label_border_color": "line",
    "checkbox_label_border_color_hover": "edge",
    "checkbox_label_border_color_selected": "edge",
    "checkbox_label_text_color": "quiet",
    "checkbox_label_text_color_selected": "ink",
    "error_background_fill": "alarm-fill",
    "error_border_color": "alarm",
    "error_text_color": "alarm",
    "error_icon_color": "alarm",
    "input_background_fill": "desk",
    "input_background_fill_focus": "desk",
    "input_background_fill_hover": "desk",
    "input_border_color": "edge",
    "input_border_color_focus": "lamp",
    "input_border_color_hover": "edge",
    "input_placeholder_color": "quiet",
    "loader_color": "lamp",
    "slider_color": "lamp",
    "stat_background_fill": "glow",
    "button_primary_background_fill": "lamp",
    "button_primary_background_fill_hover": "lamp-hover",
    "button_primary_border_color": "lamp",
    "button_primary_border_color_hover": "lamp-hover",
    "button_primary_text_color": "on-lamp",
    "button_primary_text_color_hover": "on-lamp",
    "button_secondary_background_fill": "room",
    "button_secondary_background_fill_hover": "raised",
    "button_secondary_border_color": "line",
    "button_secondary_border_color_hover": "edge",
    "button_secondary_text_color": "ink",
    "button_secondary_text_color_hover": "ink",
    "button_cancel_background_fill": "room",
    "button_cancel_background_fill_hover": "alarm-fill",
    "button_cancel_border_color": "alarm",
    "button_cancel_border_color_hover": "alarm",
    "button_cancel_text_color": "alarm",
    "button_cancel_text_color_hover": "alarm",
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
    theme.color_accent = "var(--lamp)"
    return theme


def studio_css() -> str:
    """The style sheet with its font's address filled in."""
    text = (ASSETS / "studio.css").read_text(encoding="utf-8")
    return text.replace("@assets", f"gradio_api/file={ASSETS.as_posix()}")


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
