"""The page: its server, its handlers, what they show. No model code; the model is `core`'s.

From the bottom, imports going downwards only:

    addresses   where the browser loads a file from
    access      who may ask the server what: names, pages, routes, the password
    jobs        one job at a time uses the model: the queue, loading, work in the background
    sessions    what each browser tab shows, and the stories of its library
    sound       the mix and the takes as files that a tab may load, and their peaks
    editing     actions of the timeline and cells of the table, as edits of the story
    state       what all handlers share
    page        components, theme, scripts of the browser
    view        what the components show for a session
    handlers    what answers the page's events
    server      serves it; tools offers it to other programs; replicas serves several behind one
                address; screenshots takes README's pictures

Importing any of it settles what Gradio reads of the environment: Gradio makes connections of its
own as soon as it is imported.
"""

import os

from core.environment import settle_libraries, settle_proxies

settle_libraries(os.environ)
settle_proxies(os.environ)
