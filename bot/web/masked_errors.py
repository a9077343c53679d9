"""No answer that reports an error shows a secret of this process."""

from flask import Flask, Response

from shell.secrets import mask


def mask_errors(app: Flask) -> None:
    """From now on the application's error answers are masked."""

    @app.after_request
    def masked(response: Response) -> Response:
        if response.status_code >= 400:
            response.set_data(mask(response.get_data(as_text=True)))
        return response
