"""The page: its server, its handlers, what they show. No model code; the model is `core`'s.

From the bottom, imports going downwards only:

    jobs        one job at a time uses the model: the queue, loading, work in the background
    sessions    what each browser tab shows, and the stories of its library
    sound       the mix and the takes as files that a tab may load, and their peaks
    editing     actions of the timeline and cells of the table, as edits of the story
    state       what all handlers share
    page        components, theme, scripts of the browser
    view        what the components show for a session
    handlers    what answers the page's events
    server      serves it; tools offers it to other programs; screenshots takes README's pictures
"""
