// By a script: a redirect would carry the tap on the phone along, and the service's page would seem to be tapped.
location.replace(JSON.parse(document.getElementById('data').textContent).to);
