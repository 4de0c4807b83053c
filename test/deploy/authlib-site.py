"""A site with Authlib's Flask integration, as its documentation shows it.

Answers /login with a redirect to the provider, and /callback with what it learnt about the person, as JSON.
"""

import os

from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, url_for

app = Flask(__name__)
app.secret_key = "a secret of the site for its own cookies"
oauth = OAuth(app)
oauth.register(
    name="wechat",
    server_metadata_url=os.environ["ISSUER"] + "/.well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)


@app.route("/")
def home():
    return "ok"


@app.route("/login")
def login():
    return oauth.wechat.authorize_redirect(url_for("callback", _external=True))


@app.route("/callback")
def callback():
    token = oauth.wechat.authorize_access_token()
    return jsonify(id_token=token["userinfo"], userinfo=oauth.wechat.userinfo(token=token))


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]))
