"""Text-to-audio models of other people, as performers: registered, checked, loaded when used."""
